import DioramaGraph
import Testing

/// What ComfyUI's validation makes of literals: Python's `int()`, `float()`, `str()` and `bool()`.
@Suite struct LiteralValueTests {
    @Test(
        "whole numbers as int() reads them",
        arguments: [
            (20, 20), ("20", 20), (" -7\n", -7), ("+3", 3), ("1_000", 1000), (20.9, 20), (-20.9, -20),
            (true, 1),
            (false, 0), (2_147_483_648, 2_147_483_648), ("007", 7), (-1e18, -1_000_000_000_000_000_000),
        ] as [(JSON, Int)])
    func wholeNumbers(literal: JSON, value: Int) throws {
        #expect(try Int(literal: literal) == value)
    }

    @Test(
        "no whole numbers",
        arguments: [
            ("20.5", .kind(#""20.5" is not a whole number"#)), ("", .kind(#""" is not a whole number"#)),
            ("_1", .kind(#""_1" is not a whole number"#)), ("1__0", .kind(#""1__0" is not a whole number"#)),
            ("0x10", .kind(#""0x10" is not a whole number"#)),
            ("fast", .kind(#""fast" is not a whole number"#)),
            ("--1", .kind(#""--1" is not a whole number"#)),
            ("٣٣٣x", .kind(#""٣٣٣x" is not a whole number"#)),
            (nil, .kind("null is not a whole number")), ([1], .kind("a list is not a whole number")),
            (["a": 1], .kind("an object is not a whole number")),
            (.double(.nan), .kind("NaN is not a whole number")),
            (.double(-.infinity), .kind("-Infinity is not a whole number")),
            (1e308, .aboveMaximum(9_223_372_036_854_775_807)),
            (-1e308, .belowMinimum(-9_223_372_036_854_775_808)),
            (.unsigned(.max), .aboveMaximum(9_223_372_036_854_775_807)),
            ("99999999999999999999", .aboveMaximum(9_223_372_036_854_775_807)),
            ("-99999999999999999999", .belowMinimum(-9_223_372_036_854_775_808)),
        ] as [(JSON, LiteralMismatch)])
    func noWholeNumbers(literal: JSON, mismatch: LiteralMismatch) {
        #expect(throws: mismatch) { try Int(literal: literal) }
    }

    @Test func seedsHaveAll64Bits() throws {
        #expect(try UInt64(literal: .unsigned(.max)) == .max)
        #expect(try UInt64(literal: "18446744073709551615") == .max)
        #expect(throws: LiteralMismatch.belowMinimum(0)) { try UInt64(literal: -1) }
        #expect(throws: LiteralMismatch.aboveMaximum(.unsigned(.max))) { try UInt64(literal: 2e19) }
    }

    @Test(
        "numbers as float() reads them",
        arguments: [
            (7.5, 7.5), (7, 7), ("7.5", 7.5), (" 1e3 ", 1000), ("1_0.5", 10.5), (true, 1),
            (.unsigned(.max), 0x1p64),
            ("inf", .infinity), ("-Infinity", -.infinity), (1e308, 1e308),
        ] as [(JSON, Double)])
    func numbers(literal: JSON, value: Double) throws {
        #expect(try Double(literal: literal) == value)
    }

    @Test(
        "no numbers", arguments: ["", "fast", "0x10", "1,5", nil, [], [:]] as [JSON])
    func noNumbers(literal: JSON) {
        #expect(throws: LiteralMismatch.self) { try Double(literal: literal) }
    }

    @Test(
        "texts as str() writes them",
        arguments: [
            ("a", "a"), (20, "20"), (1.0, "1.0"), (0.1, "0.1"), (1e16, "1e+16"), (true, "True"),
            (false, "False"),
            (.double(.nan), "nan"), (.unsigned(.max), "18446744073709551615"),
        ] as [(JSON, String)])
    func texts(literal: JSON, value: String) throws {
        #expect(try String(literal: literal) == value)
    }

    @Test(
        "truth as bool() sees it",
        arguments: [
            (true, true), (false, false), (0, false), (0.0, false), (2, true), (.double(.nan), true),
            ("", false),
            ("false", true), (nil, false), ([], false), ([0], true), ([:], false),
        ] as [(JSON, Bool)])
    func truth(literal: JSON, value: Bool) {
        #expect(Bool(literal: literal) == value)
    }

    @Test(
        "types that fit",
        arguments: [
            ("INT", "INT", true), ("INT", "FLOAT", false), ("*", "LATENT", true), ("LATENT", "*", true),
            ("FLOAT,INT", "INT", true), ("INT", "FLOAT, INT", true), ("FLOAT,INT", "STRING", false),
            ("A,B", "B,C", true), ("A,B", "C,D", false), ("COMBO", "STRING", false),
        ])
    func typesThatFit(input: String, output: String, fits: Bool) {
        #expect(PortType(input).accepts(PortType(output)) == fits)
    }
}
