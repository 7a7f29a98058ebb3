import DioramaGraph
import Testing

@Suite struct StableHashTests {
    /// Expected: OpenSSL 3, `openssl mac -macopt hexkey:(32 zeros) -macopt size:16 SIPHASH` of the bytes 0, 1, 2, ...
    @Test(
        "agrees with OpenSSL's SipHash",
        arguments: [
            (0, "5049D74780A3E07D4202AB47D4CEF2F4"), (1, "D41E12E85E4CAFB831F094E57538B801"),
            (7, "78369BF9405CE46157D77FF83381B2FF"), (8, "4B6534F901EB440EE95540294A75AF84"),
            (15, "9FB8537A9C0F25128384EA0249C0955E"), (16, "81AD50AB90F25032A234BB58732A508B"),
            (63, "4E3D42CF5DF942EF96FAE55B4875D8DE"),
        ])
    func agreesWithOpenSSL(count: UInt8, expected: String) {
        var hash = StableHash()
        hash.update(0..<count)
        let (first, second) = hash.finalize()
        let bytes = [first, second].flatMap { word in
            (0..<8).map { UInt8(truncatingIfNeeded: word >> (8 * $0)) }
        }
        let hex = bytes.map { $0 < 16 ? "0" + String($0, radix: 16) : String($0, radix: 16) }.joined()
        #expect(hex.uppercased() == expected)
    }
}
