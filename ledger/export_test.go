package ledger

// Share opens the basis rule to tests of exactness.
func Share(total, part, whole int64) int64 { return share(total, part, whole) }

// Add opens checked addition to tests.
func Add(a, b int64) (int64, bool) { return add(a, b) }
