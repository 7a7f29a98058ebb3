/// A small font for labels: printable ASCII, five by eight dots a character, the lowest row for tails.
enum SheetFont {
    /// Dots from one character to the next, and from one line to the next.
    static let advance = 6, lineHeight = 10
    static let width = 5, height = 8

    /// The rows of a character from the top; the bit of value 16 is the leftmost dot.
    ///
    /// A box stands for what is not ASCII.
    static func rows(of character: Character) -> [UInt8] {
        guard let code = character.asciiValue, code >= 32, code < 127 else { return box }
        let place = Int(code) - 33
        return glyphs.indices.contains(place) ? glyphs[place] : blank
    }

    private static let blank = [UInt8](repeating: 0, count: height)
    private static let box: [UInt8] = [31, 17, 17, 17, 17, 17, 31, 0]

    /// `!` to `~`; each row is a digit of base 32.
    private static let glyphs: [[UInt8]] = """
        44444040 aaa00000 aavavaa0 4fke5u40 op248j30 cik8lid0 44800000 24888420 84222480 04lel400 044v4400 00000448 \
        000v0000 00000cc0 01248g00 ehjlphe0 4c4444e0 eh1248v0 v2421he0 26aiv220 vgu11he0 68guhhe0 v1248880 ehhehhe0 \
        ehhf12c0 0cc0cc00 0cc0c480 248g8420 00v0v000 84212480 eh124040 eh1dlle0 ehhvhhh0 uhhuhhu0 ehggghe0 sihhhis0 \
        vgguggv0 vgguggg0 ehgnhhf0 hhhvhhh0 e44444e0 72222ic0 hikokih0 ggggggv0 hrllhhh0 hhpljhh0 ehhhhhe0 uhhuggg0 \
        ehhhlid0 uhhukih0 fgge11u0 v4444440 hhhhhhe0 hhhhha40 hhhllla0 hha4ahh0 hhha4440 v1248gv0 e88888e0 0g842100 \
        e22222e0 4ah00000 0000000v 84200000 00e1fhf0 ggmphhu0 00egghe0 11djhhf0 00ehvge0 698s8880 00fhhf1e ggmphhh0 \
        40c444e0 206222ic ggikoki0 c44444e0 00qllhh0 00mphhh0 00ehhhe0 00uhhugg 00fhhf11 00mpggg0 00fge1u0 88s88960 \
        00hhhjd0 00hhha40 00hhlla0 00ha4ah0 00hhhf1e 00v248v0 24484420 44444440 84424480 008l2000
        """.split(separator: " ").map { glyph in
            glyph.map { UInt8(String($0), radix: 32) ?? 0 }
        }
}
