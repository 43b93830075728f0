extension FieldDecision.Reason {
    /// For operators, as a sentence about one field.
    public var explanation: String {
        switch self {
        case .equal: "both sides have the same"
        case .onlyMarketingChanged: "only marketing changed it"
        case .onlyCRMChanged: "only the CRM changed it"
        case .conflictCRMWins: "both sides changed it, and by the field's rule the CRM wins"
        case .conflictMarketingWins: "both sides changed it, and by the field's rule marketing wins"
        case .conflictCRMNewer: "both sides changed it, the CRM later"
        case .conflictMarketingNewer: "both sides changed it, marketing later"
        case .conflictCRMTimeUnknown: "both sides changed it, and the CRM does not say when, so it counts as later"
        case .conflictCRMBlank: "both sides changed it, and the CRM's is blank"
        case .conflictMarketingBlank: "both sides changed it, and marketing's is blank"
        case .conflictForReview: "both sides changed it, and by the field's rule a person decides"
        case .filledEmpty: "it was empty"
        case .notEmpty: "it is not empty, and the field's rule only fills empty ones"
        case .created: "it came with the new record"
        case .crmWaiting: "the CRM record was marked as waiting for the next sync, so the CRM's values stand"
        case .requiredByCRM: "the CRM insists on a value, and marketing has none"
        case .notWritable: "the CRM does not let the field be written"
        case .fieldMissing: "the CRM does not show the field to the integration's user"
        case .overruled: "marketing's value had lost before, and the CRM's was written over it"
        case .notRepresentable: "marketing has no form of the CRM's value that would read back as the same"
        case .frozen: "it kept changing to and fro between the two sides and stands still until a new value comes"
        }
    }
}
