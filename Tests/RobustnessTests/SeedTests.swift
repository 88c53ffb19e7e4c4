import HostileFiles
import Testing

@Suite struct SeedTests {
  @Test(arguments: HostileFormat.allCases) func seedsAreCorrectFiles(format: HostileFormat) {
    for seed in Seed.all(format) {
      let verdict = format.read(seed.bytes)
      #expect(verdict == .accepted, "\(format.rawValue) \(seed.name)")
    }
  }
}
