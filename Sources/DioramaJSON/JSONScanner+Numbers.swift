extension JSONScanner {
    /// Reads a number and returns its spelling, which `Double` reads.
    package mutating func number() throws(JSON.ParseError) -> String { text(of: try numeral()) }

    /// Reads a whole number that fits `Int` and is written without fraction or exponent.
    package mutating func integer() throws(JSON.ParseError) -> Int {
        let numeral = try numeral()
        guard let value = Int(text(of: numeral)) else {
            throw unfit(numeral, "a whole number that fits 64 bits")
        }
        return value
    }

    /// Reads a finite number, rounded to the nearest `Double`; whole numbers up to 2^53 are exact.
    package mutating func double() throws(JSON.ParseError) -> Double {
        let numeral = try numeral()
        // Of the numbers of a vocabulary all are of this kind.
        if numeral.isPlain, numeral.range.count <= 15 {
            return Double(bytes[numeral.range].reduce(0) { $0 * 10 + Int($1 - UInt8(ascii: "0")) })
        }
        guard let value = Double(text(of: numeral)), value.isFinite else {
            throw unfit(numeral, "a finite number")
        }
        return value
    }

    /// A number as it is written.
    struct Numeral {
        let range: Range<Int>
        /// Whether it is digits only.
        let isPlain: Bool
    }

    /// Passes over a number.
    mutating func numeral() throws(JSON.ParseError) -> Numeral {
        try expect(.number)
        let start = position
        let isNegative = take(UInt8(ascii: "-"))
        let whole = digits()
        if whole == 0 {
            if dialect == .python, take("Infinity") || (!isNegative && take("NaN")) {
                return Numeral(range: start..<position, isPlain: false)
            }
            throw expected(isNegative ? "a digit" : "a value")
        }
        if whole > 1, bytes[position - whole] == UInt8(ascii: "0") {
            throw error("a number does not begin with 0", at: start)
        }
        var isPlain = !isNegative
        if take(UInt8(ascii: ".")) {
            isPlain = false
            guard digits() > 0 else { throw expected("a digit") }
        }
        if take(UInt8(ascii: "e")) || take(UInt8(ascii: "E")) {
            isPlain = false
            if !take(UInt8(ascii: "+")) { _ = take(UInt8(ascii: "-")) }
            guard digits() > 0 else { throw expected("a digit") }
        }
        return Numeral(range: start..<position, isPlain: isPlain)
    }

    private mutating func digits() -> Int {
        let start = position
        while let byte = next, (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) { position += 1 }
        return position - start
    }

    private func text(of numeral: Numeral) -> String {
        String(decoding: bytes[numeral.range], as: UTF8.self)
    }

    private func unfit(_ numeral: Numeral, _ what: String) -> JSON.ParseError {
        let text = String(decoding: bytes[numeral.range].prefix(40), as: UTF8.self)
        return error(
            "expected \(what), found \(text)\(numeral.range.count > 40 ? "…" : "")",
            at: numeral.range.lowerBound)
    }
}
