/// Every op as plain loops on one thread: the definition the other backends are tested against.
///
/// Sums run in double precision, so that what is compared with is nearer to the truth than what is compared.
package struct ReferenceBackend: Backend {
    package let name = "reference"
    package let threads = 1

    package init() {}
}
