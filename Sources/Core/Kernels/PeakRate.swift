import CKernels

extension KernelSet {
  /// Multiply-adds in one round of `chain(rounds:)`.
  package var chainLength: Int { 12 * fp32.lanes }

  /// Dependent multiply-adds in registers, each waiting only for its own last result: the peak rate of one thread.
  package func chain(rounds: Int) {
    let sums = AlignedMemory(floats: chainLength)
    unsafe sums.base.update(repeating: 1, count: chainLength)
    // The sums approach 2 and never become denormal, which would be slow.
    unsafe table.pointee.f32_multiply_add(sums.base, 0.5, 1, rounds)
    precondition(unsafe sums.base[0] >= 1, "the chain of sums was not computed")
  }
}
