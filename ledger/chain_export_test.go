package ledger

// RootOfPath opens the check of a Merkle path to its tests.
var RootOfPath = rootOfPath
