/// An RSA key made for these tests; it opens nothing.
enum TestKey {
    static let pem = """
        -----BEGIN PRIVATE KEY-----
        MIIEvAIBADANBgkqhkiG9w0BAQEFAASCBKYwggSiAgEAAoIBAQCiUPXGd0rb3ujy
        Hx38v0eStQItlTxJgcANmxtu5zMreXOpGZju8FbPngmri+djn3qrUFkOtVUMywfS
        E7bLTohhfk72iKNfnROz/UbEbRxlpUYnEadIg8wnQ2wgEI5PGtNiw7EYlqO28Mb4
        lN5Unx10w4h0bpxbqyFj/N0XTmlk7qYrPVaxDh7CgVVswbAA/d9ZA2w1twMKJrx+
        2bD0hG4MtPLOsOCzdGi+RHRyu9/9exaWP2Pf0YjMrUlrY1Bd4QPIPJ6NvRM+v7lS
        nsuSdP4/2xsY1xjNh8BKsLNQlG9vx5X2TV+mRojgNbIHgN39WNxmhcEgN4D/dFVy
        VfiJcLNbAgMBAAECggEAB91IVeSzGdLDvUdzWoBMusz5CAsHsBVl9W14d3fNljj8
        45/miwfWDO/T+XMpM5MnNw8I4Zo46V/E8ebGn98e4ypi2mBlxLIwTDOPWYu309ed
        fd3FxHuuSTtjt8IAQyZCQQdzmIS5S0SAlMwRtvk793ZUht+nxRaWOD6o2leQP7WZ
        /O/8HIVYGz1HFtwWhJE5BqUAyUxghFNIx09GTulCZ2cwIIrAyknfn1fjBhqLSZpY
        /F5N2ot4B0WfhnDXhIk58E8SnO1bjnUMNB271lV+FS6v1vkqqyqm9Lf3Ek2FatTv
        ZFTpaMd7ESkdCB8PJwuZ4d2vf5Xd8NtITwnsPG/T8QKBgQDOV7mgodMtuX0YoBIa
        +P8TP5YzFS3NWIvYA8PcUDLdfcC/6AmtP50WABxUXJGs3UFz0zX876wB0cPRQyQd
        DpjJ77OwRP1gNipVPkhMuMk4o5+GjCQucZSnwPAxFFsJEW/MLUqlwaFSWfLhBdoc
        u8mFW7FWJ47cJGjzhsmcnv7JvwKBgQDJYN97OAPMtWGSFgKeYl2x09I1BJnVKP6c
        5RJCpfdFJpvgJsHAngiCbSUV+5g3afFMOWR8h6l8OYCY4mYrukmVyrGmo3oqJzmJ
        ZNtdCZ05+SdzMyDAMbR4UDi0kz9jcA0dXj5MpiwvihACaJIe4EUKLCJnNsnYLhfr
        U7FJ092lZQKBgAScARGNi+IhmqHKMZ1YopoTeY96kaNcrwMMUnvBbuFzxbKDxHOS
        UDgFmJxp1Pc/mg60UShtUjJYNT+feFcN1GvuZt0xLVfQ3fE5ivPrzNLvFMk0qDpB
        X0jADp2KDt6M/SpaeKhrQudMCxjrwIuTxlSsT7HVAGP6jD2kbSyKgLaRAoGAFHFm
        Hn8gO57KKedcGrIHqu7C7yjpaO9BcbH7eZKZmIaD2mx0zNX+LSdhVWr2F+IEYeWN
        ouqutPKtcFfDYXsGz1MFV9JOq4rR13XKoxY/xMvbSmGNWJVzKaeTKhmsnK6aVjnj
        /yn7YFQWrffppYLE33R9hZbVRMHhIb2cSM9eN9UCgYBlFdF6qX8PNrByLV1FwYMS
        aL0vRj3fNSi6cNMYGmIBQpgzIvp82jTb7WUL3mZb3XAnQlWtt0YTCmv7gaKv7dtq
        zY+S4iWbxW3RgNDNxbOcVUjhH0hDR8xDB/TPa2YLEgH5c/yShiyj8NlDiWMUMITB
        uy7IXT613jP/J0zUAE/+zg==
        -----END PRIVATE KEY-----
        """
}
