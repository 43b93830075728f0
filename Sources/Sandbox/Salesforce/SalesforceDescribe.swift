/// What `describe` says of objects and fields.
extension SalesforceObject {
    /// The short form, as in the list of all objects.
    func summary(path: String) -> [String: SandboxValue] {
        let urls: SandboxValue = [
            "sobject": .string("\(path)/sobjects/\(name)"), "describe": .string("\(path)/sobjects/\(name)/describe"),
            "rowTemplate": .string("\(path)/sobjects/\(name)/{ID}"),
        ]
        return [
            "name": .string(name), "label": .string(name), "labelPlural": .string(name + "s"), "keyPrefix": .string(prefix),
            "custom": .bool(name.hasSuffix("__c")), "customSetting": false, "createable": true, "updateable": true,
            "deletable": true,
            "undeletable": true, "queryable": true, "replicateable": true, "retrieveable": true, "searchable": true,
            "mergeable": true, "layoutable": true, "triggerable": true, "deprecatedAndHidden": false, "urls": urls,
        ]
    }

    /// The long form with every field.
    func describe(path: String) -> SandboxValue {
        var members = summary(path: path)
        members["fields"] = .array(fields.map { $0.describe() })
        members["childRelationships"] = []
        members["supportedScopes"] = []
        members["recordTypeInfos"] = [
            [
                "recordTypeId": "012000000000000AAA", "name": "Master", "developerName": "Master", "active": true,
                "available": true, "master": true, "defaultRecordTypeMapping": true,
            ]
        ]
        return .object(members)
    }
}

extension SalesforceField {
    fileprivate func describe() -> SandboxValue {
        let picklist = options.map { option -> SandboxValue in
            [
                "active": true, "defaultValue": .bool(defaultValue == .string(option)), "label": .string(option), "validFor": nil,
                "value": .string(option),
            ]
        }
        return [
            "name": .string(name), "label": .string(label), "type": .string(kind.rawValue), "soapType": .string(soapType),
            "length": .integer(Int64(length)), "byteLength": .integer(Int64(length) * 3),
            "digits": .integer(kind == .int ? 8 : 0),
            "precision": .integer(kind == .int ? 0 : Int64(precision)), "scale": .integer(Int64(scale)),
            "nillable": .bool(isNillable), "defaultedOnCreate": .bool(defaultValue != nil), "defaultValue": defaultValue ?? nil,
            "defaultValueFormula": nil, "createable": .bool(isCreatable), "updateable": .bool(isUpdatable),
            "custom": .bool(isCustom),
            "calculated": .bool(isCalculated), "calculatedFormula": nil, "autoNumber": false, "externalId": .bool(isExternalID),
            "idLookup": .bool(isLookupKey), "unique": .bool(isUnique), "caseSensitive": .bool(isCaseSensitive),
            "filterable": .bool(isFilterable), "sortable": .bool(isFilterable), "groupable": .bool(isFilterable && isText),
            "aggregatable": .bool(isFilterable), "nameField": .bool(name == "Name"), "namePointing": false,
            "referenceTo": .array(referenceTo.map { .string($0) }),
            "relationshipName": relationshipName.map { .string($0) } ?? nil,
            "relationshipOrder": nil, "referenceTargetField": nil, "polymorphicForeignKey": .bool(referenceTo.count > 1),
            "cascadeDelete": false, "restrictedDelete": false, "writeRequiresMasterRead": false,
            "picklistValues": .array(picklist), "restrictedPicklist": .bool(isRestricted), "dependentPicklist": false,
            "controllerName": nil, "compoundFieldName": compound.map { .string($0) } ?? nil, "extraTypeInfo": nil,
            "htmlFormatted": false, "encrypted": false, "mask": nil, "maskType": nil, "deprecatedAndHidden": false,
            "permissionable": .bool(isNillable && isCreatable), "inlineHelpText": nil, "displayLocationInDecimal": false,
            "queryByDistance": false, "searchPrefilterable": false, "highScaleNumber": false,
            "formulaTreatNullNumberAsZero": false, "filteredLookupInfo": nil, "aiPredictionField": false,
        ]
    }

    private var soapType: String {
        switch kind {
        case .id, .reference: "tns:ID"
        case .boolean: "xsd:boolean"
        case .int: "xsd:int"
        case .double, .currency, .percent: "xsd:double"
        case .date: "xsd:date"
        case .datetime: "xsd:dateTime"
        case .address: "urn:address"
        case .string, .textarea, .email, .phone, .url, .picklist, .multipicklist: "xsd:string"
        }
    }
}
