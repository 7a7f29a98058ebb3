#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#else
import Darwin
#endif

/// Numbers in decimal digits, correctly rounded, as Python writes them.
enum DecimalNotation {
    /// A number's magnitude in the notation of a specification, without sign and grouping.
    static func text(of number: Double, _ spec: FormatSpec) -> String {
        let number = number.magnitude
        let isPercent = spec.type == "%"
        guard number.isFinite, !isPercent || (number * 100).isFinite else {
            return (number.isNaN ? "nan" : "inf") + (isPercent ? "%" : "")
        }
        let keeps = spec.isAlternate
        switch spec.type {
        case "e", "E": return printed(number, "e", spec.precision ?? 6, keeps)
        case "f", "F": return printed(number, "f", spec.precision ?? 6, keeps)
        case "g", "G", "n": return printed(number, "g", spec.precision ?? 6, keeps)
        case "%": return printed(number * 100, "f", spec.precision ?? 6, keeps) + "%"
        default:
            guard let precision = spec.precision else {
                return withPoint(String(PythonText(strOf: .double(number)).string), keeps)
            }
            return short(number, max(precision, 1), keeps)
        }
    }

    /// As `g`, but with a digit behind the point, and with an exponent one digit earlier.
    private static func short(_ number: Double, _ digits: Int, _ keeps: Bool) -> String {
        let scientific = printed(number, "e", digits - 1, keeps)
        let exponent = scientific.split(separator: "e").last.flatMap { Int($0) } ?? 0
        if exponent >= -4, exponent < digits - 1 {
            let fixed = printed(number, "f", digits - 1 - exponent, keeps)
            let text = keeps || !fixed.contains(".") ? fixed : stripped(fixed)
            return text.hasSuffix(".") ? text + "0" : text.contains(".") ? text : text + ".0"
        }
        guard !keeps, let letter = scientific.firstIndex(of: "e") else { return scientific }
        let mantissa = String(scientific[..<letter])
        return (mantissa.contains(".") ? stripped(mantissa) : mantissa) + scientific[letter...]
    }

    /// Without zeros at the end, and without a point that would be last.
    private static func stripped(_ text: String) -> String {
        let short = text.reversed().drop { $0 == "0" }
        return String((short.first == "." ? short.dropFirst() : short).reversed())
    }

    /// With a point before the exponent, if `keeps` asks for one.
    private static func withPoint(_ text: String, _ keeps: Bool) -> String {
        guard keeps, !text.contains("."), let letter = text.firstIndex(of: "e") else { return text }
        return text[..<letter] + "." + text[letter...]
    }

    /// As C's `printf` with a precision.
    private static func printed(_ number: Double, _ letter: String, _ precision: Int, _ keeps: Bool) -> String
    {
        let format = "%" + (keeps ? "#" : "") + ".*" + letter
        let arguments: [any CVarArg] = [CInt(precision), number]
        let count = withVaList(arguments) { vsnprintf(nil, 0, format, $0) }
        guard count > 0 else { return "" }
        var bytes = [CChar](repeating: 0, count: Int(count) + 1)
        _ = withVaList(arguments) { vsnprintf(&bytes, bytes.count, format, $0) }
        return String(decoding: bytes.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }
}
