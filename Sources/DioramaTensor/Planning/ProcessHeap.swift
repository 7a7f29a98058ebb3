import CKernels

/// The heap of this process, from which everything below a mebibyte comes.
package enum ProcessHeap {
    /// Makes the memory that this process takes follow from what it uses, and not from which of its threads uses it.
    ///
    /// glibc keeps a heap for each thread, and what one has given back, another cannot use; and it keeps the more, the larger the blocks
    /// are that it has seen. Here one heap serves all, and large blocks are the system's as soon as they are given back. Threads
    /// that compute hardly ask for memory. To be called before there are any.
    package static func unify() { dk_use_one_heap() }
}
