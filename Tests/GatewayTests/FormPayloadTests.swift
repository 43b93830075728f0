import Testing

@testable import Gateway

@Suite("Form bodies")
struct FormPayloadTests {
    @Test("raw bracket keys keep the custom field's number")
    func bracketKeys() throws {
        let form = try FormPayload(
            parsing: Array("contact[fields][7]=Gold&contact%5Bfields%5D%5B9%5D=%7C%7CRed%7C%7CBlue%7C%7C".utf8))
        #expect(form["contact[fields][7]"] == "Gold")
        #expect(form["contact[fields][9]"] == "||Red||Blue||")
        #expect(form.pairs.count == 2)
    }
}
