public import Contracts

public import struct Foundation.Decimal

/// A day without a time or zone, as CRM date fields hold it.
public struct CalendarDate: Sendable, Hashable, Comparable, Codable {
    public var year: Int
    public var month: Int
    public var day: Int

    public init(year: Int, month: Int, day: Int) {
        self.year = year
        self.month = month
        self.day = day
    }

    public static func < (left: CalendarDate, right: CalendarDate) -> Bool {
        (left.year, left.month, left.day) < (right.year, right.month, right.day)
    }
}

/// A field's value in the CRM's terms: the form in which both sides are compared and the base is kept.
public enum FieldValue: Sendable, Hashable, Codable {
    /// No value: null, empty text and text of blanks are all this.
    case blank
    case text(String)
    case number(Decimal)
    case boolean(Bool)
    case date(CalendarDate)
    case instant(Timestamp)
    /// The chosen options of a multi-select field, sorted, without repeats.
    case choices([String])
}
