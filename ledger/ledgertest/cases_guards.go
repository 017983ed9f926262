package ledgertest

import (
	"errors"
	"slices"

	"purser/ledger"
)

var guardCases = []testCase{
	{name: "guard_holds_and_its_effect_is_written", run: guardHolds, gates: true},
	{name: "guard_fails_with_its_facts", run: guardFails, gates: true},
	{name: "guard_sees_the_row_as_the_batch_left_it", run: guardChain, gates: true},
	{name: "effect_of_a_refused_command_is_not_written", run: effectOfRefused, gates: true},
	{name: "retry_replays_where_its_guard_no_longer_holds", run: guardReplay, gates: true},
	{name: "effects_of_several_commands_keep_their_order", run: effectOrder, gates: true},
	{name: "guard_that_panics_fails_alone", run: guardPanics, gates: true},
}

func (b *bench) wantGates(want ...Gate) {
	b.t.Helper()
	got := slices.Clone(b.snapshot().Gates)
	slices.SortFunc(got, func(x, y Gate) int { return compareIDs(x.Journal, y.Journal) })
	if !slices.Equal(got, want) {
		b.t.Errorf("gates = %+v, want %+v", got, want)
	}
}

func guardHolds(b *bench) {
	wallet := b.funded(10)
	first := b.accept(ThroughGate(b.Spend(wallet, 1), "campaign", 0))
	b.wantGates(Gate{"campaign", 1, first})
	second := b.accept(ThroughGate(b.Fact(), "campaign", 1))
	b.wantGates(Gate{"campaign", 2, second})
}

func guardFails(b *bench) {
	wallet := b.funded(10)
	b.refuse(ThroughGate(b.Spend(wallet, 1), "campaign", 1), ledger.ErrGuardFailed)
	passed := b.accept(ThroughGate(b.Spend(wallet, 1), "campaign", 0))
	refused := b.refuse(ThroughGate(b.Spend(wallet, 1), "campaign", 0), ledger.ErrGuardFailed)
	var failed *ledger.GuardFailedError
	if !errors.As(refused, &failed) {
		b.t.Fatalf("refusal is a %T", refused)
	}
	at, _ := failed.Detail.AmountOf("version")
	if failed.Kind != GateKind || failed.ID != "campaign" || failed.Reason != "VERSION_CONFLICT" || at != 1 {
		b.t.Errorf("refusal = %+v, want the version it met", failed)
	}
	b.wantGates(Gate{"campaign", 1, passed})
}

func guardChain(b *bench) {
	wallet := b.funded(10)
	commands := []ledger.Command{
		ThroughGate(b.Spend(wallet, 1), "a", 0),
		ThroughGate(b.Spend(wallet, 1), "a", 0),   // behind an accepted one: too late
		ThroughGate(b.Spend(wallet, 1), "a", 1),   // behind an accepted one: in time
		ThroughGate(b.Spend(wallet, 100), "b", 0), // its guard holds, its funds do not suffice
		ThroughGate(b.Spend(wallet, 1), "b", 0),   // behind a refused one: the row is as it was
	}
	got := b.inOneBatch(commands...)
	for i, want := range []error{nil, ledger.ErrGuardFailed, nil, ledger.ErrInsufficientFunds, nil} {
		if got[i].err != nil || want == nil && got[i].Refusal != nil || want != nil && !errors.Is(got[i].Refusal, want) {
			b.t.Errorf("command %d got %+v, want refusal %v", i, got[i], want)
		}
	}
	b.wantGates(Gate{"a", 2, commands[2].ID}, Gate{"b", 1, commands[4].ID})
}

func effectOfRefused(b *bench) {
	wallet := b.wallet()
	b.refuse(ThroughGate(b.Spend(wallet, 1), "campaign", 0), ledger.ErrInsufficientFunds)
	b.wantGates()
}

func guardReplay(b *bench) {
	wallet := b.funded(10)
	spend := ThroughGate(b.Spend(wallet, 1), "campaign", 0)
	b.accept(spend)
	if got := b.post(b.again(spend)); !got.Replayed || got.Journal != spend.ID {
		b.t.Errorf("retry got %+v, want a replay: its own success is no obstacle", got)
	}
}

func effectOrder(b *bench) {
	first, second := ThroughGate(b.Fact(), "x", 0), ThroughGate(b.Fact(), "x", 1)
	third := ThroughGate(ThroughGate(b.Fact(), "y", 0), "z", 0)
	for i, a := range b.inOneBatch(first, second, third) {
		if a.err != nil || a.Refusal != nil {
			b.t.Errorf("command %d got %+v", i, a)
		}
	}
	gates := b.snapshot().Gates
	for _, want := range []Gate{{"x", 2, second.ID}, {"y", 1, third.ID}, {"z", 1, third.ID}} {
		if !slices.Contains(gates, want) {
			b.t.Errorf("gates = %+v, want %+v among them", gates, want)
		}
	}
}

func guardPanics(b *bench) {
	wallet := b.funded(10)
	stile := newTurnstile(b.store)
	broken := b.Spend(wallet, 1)
	broken.Guards = []ledger.Guard{panicGuard{}}
	commands := []ledger.Command{b.Spend(wallet, 1), broken, b.Spend(wallet, 2), b.Spend(wallet, 3)}
	got := together(b.t, b.open(stile), stile, b.Fact(), commands)
	b.wantOnlyFault(got, 1)
	b.wantBalance(available(wallet), ledger.CNX, 4)
	b.accept(b.Spend(wallet, 4))
}

// wantOnlyFault expects all commands but one to have been accepted.
func (b *bench) wantOnlyFault(got []answer, culprit int) {
	b.t.Helper()
	for i, a := range got {
		if faulty := a.err != nil; faulty != (i == culprit) || !faulty && a.Refusal != nil {
			b.t.Errorf("command %d got %+v, %v; only command %d is at fault", i, a.Outcome, a.err, culprit)
		}
	}
}
