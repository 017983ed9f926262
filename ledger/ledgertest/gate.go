package ledgertest

import "purser/ledger"

// GateKind names the one guard kind and the one effect kind of this package. A
// store under test that supports guards registers both under this name: the
// guard's read returns, by id, the stored Gate as a value, and the effect's
// write inserts its Gate rows or replaces the ones with their ids.
const GateKind = "ledgertest_gate"

// Gate is the row of a domain made for tests: a version that accepted commands
// count up.
type Gate struct {
	ID      string
	Version int64
	Journal ledger.ID // the last one that passed
}

// RowID implements Row, so that Memory finds the row for guards.
func (g Gate) RowID() ledger.RowID { return ledger.RowID{Kind: GateKind, ID: g.ID} }

// gateGuard holds while the gate is at a version; 0 is an absent gate.
type gateGuard struct {
	id      string
	version int64
}

func (gateGuard) Kind() string { return GateKind }
func (g gateGuard) ID() string { return g.id }
func version(row any) int64    { gate, _ := row.(Gate); return gate.Version }
func (g gateGuard) After(row any, _ *ledger.Delta) any {
	return Gate{ID: g.id, Version: version(row) + 1}
}

func (g gateGuard) Check(row any) (string, ledger.Arguments) {
	if at := version(row); at != g.version {
		return "VERSION_CONFLICT", ledger.Arguments(nil).Amount("version", at)
	}
	return "", nil
}

// gateEffect writes what gateGuard says comes after.
type gateEffect struct{ after Gate }

func (gateEffect) Kind() string { return GateKind }
func (e gateEffect) Row(accepted *ledger.Delta) any {
	row := e.after
	row.Journal = accepted.Journal.ID
	return row
}

// ThroughGate makes the command pass the gate, which must be at version, and
// count it up.
func ThroughGate(c ledger.Command, id string, version int64) ledger.Command {
	c.Guards = append(c.Guards, gateGuard{id: id, version: version})
	c.Effects = append(c.Effects, gateEffect{after: Gate{ID: id, Version: version + 1}})
	return c
}

// panicGuard is a programming error inside a batch.
type panicGuard struct{}

func (panicGuard) Kind() string                         { return GateKind }
func (panicGuard) ID() string                           { return "panics" }
func (panicGuard) Check(any) (string, ledger.Arguments) { panic("guard of a test") }
func (panicGuard) After(row any, _ *ledger.Delta) any   { return row }
