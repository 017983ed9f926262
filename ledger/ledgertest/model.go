package ledgertest

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"pgregory.net/rapid"

	"purser/ledger"
)

// Model drives random histories through the in-memory model and through the
// harness's store with the same commands, ids and clock, and compares every
// outcome and, after every step, every row; each history ends with Check. The
// number of histories is rapid's flag -rapid.checks, their length -rapid.steps. It
// draws more where these happened to be short, until it has posted
// modelCommandsPerCheck commands for each check. It logs how many commands that were,
// and counts them in ModelCommands; rapid prints the seed of a failure.
func Model(t *testing.T, h Harness) {
	t.Helper()
	var commands atomic.Int64
	t.Cleanup(func() {
		t.Logf("%d commands posted", commands.Load())
		modelCommands.Add(commands.Load())
	})
	for commands.Load() < modelCommandsPerCheck*int64(modelChecks()) {
		model(t, h, &commands)
	}
}

// modelCommandsPerCheck is less than half of what a history has on average at rapid's
// own number of steps, so that it bounds chance and costs no time.
const modelCommandsPerCheck = 25

var modelCommands atomic.Int64

// ModelCommands is how many commands Model has posted in this process, in tests that
// have ended.
func ModelCommands() int64 { return modelCommands.Load() }

// modelChecks is the number of histories asked for.
func modelChecks() int {
	return flag.Lookup("rapid.checks").Value.(flag.Getter).Get().(int)
}

func model(t *testing.T, h Harness, commands *atomic.Int64) {
	t.Helper()
	rapid.Check(t, func(rt *rapid.T) {
		m := newMachine(t, h)
		defer func() { m.close(rt); commands.Add(m.posted) }()
		m.begin(rt)
		rt.Repeat(map[string]func(*rapid.T){
			"":       m.compare,
			"post":   m.postOne,
			"more":   m.postOne,
			"batch":  m.postBatch,
			"linked": m.postLinked,
			"dry":    m.dryRun,
			"retry":  m.retry,
			"clock":  m.moveClock,
		})
		// Rows are never taken back, so that what was wrong after a step still is.
		for _, err := range m.snapshot().Check(h.rules()) {
			rt.Error(err)
		}
	})
}

// machine is one history under way.
type machine struct {
	*Commands
	harness  Harness
	clock    *Clock
	model    *Memory
	store    ledger.Store
	snapshot func() Snapshot
	want     *ledger.Ledger // writes to model
	got      *ledger.Ledger // writes to store

	wallets []ledger.ID
	// Of each wallet the campaigns that it pays for, and one prepaid ad account
	// with its campaigns.
	campaigns        map[ledger.ID][]ledger.ID
	prepaid          ledger.ID
	prepaidCampaigns []ledger.ID
	journals         []ledger.ID // accepted, most of them reversible
	sent             []ledger.Command
	gates            map[string]int64 // versions, roughly
	holds            []HoldRef        // placed
	posted           int64            // commands, each counted once for both ledgers
}

func newMachine(t testing.TB, h Harness) *machine {
	t.Helper()
	store, book, snapshot := h.Open(t)
	m := &machine{
		Commands: &Commands{Book: book}, harness: h, clock: &Clock{now: epoch}, model: &Memory{}, store: store, snapshot: snapshot, gates: map[string]int64{},
		campaigns: map[ledger.ID][]ledger.ID{},
	}
	m.want, m.got = m.open(m.model), m.open(store)
	m.wallets = []ledger.ID{m.NewID(), m.NewID(), m.NewID()}
	for _, wallet := range m.wallets {
		m.campaigns[wallet] = []ledger.ID{m.NewID(), m.NewID()}
	}
	m.prepaid, m.prepaidCampaigns = m.NewID(), []ledger.ID{m.NewID(), m.NewID()}
	return m
}

// begin opens two of the three wallets with most of their campaigns, and puts
// something into one of them and into the ad account.
func (m *machine) begin(rt *rapid.T) {
	first, second := m.wallets[0], m.wallets[1]
	commands := []ledger.Command{
		m.OpenWallet(first), m.OpenWallet(second), m.Grant(first, 20, Terms{}), m.OpenCampaign(first, m.campaigns[first][0]),
		m.OpenCampaign(first, m.campaigns[first][1]), m.OpenCampaign(second, m.campaigns[second][0]),
		m.OpenPrepaid(m.prepaid, ledger.USD), m.OpenPrepaidCampaign(m.prepaid, m.prepaidCampaigns[0], ledger.USD), m.Deposit(m.prepaid, Price{Money: ledger.USD, Minor: 20}),
	}
	if m.harness.own() {
		later := m.clock.Now().Add(5 * time.Hour)
		commands = append(commands, m.PurchaseWithTax(first, 17, Price{Money: ledger.EUR, Minor: 100}, 17, Terms{ExpiresAt: later}),
			m.PurchaseWithTax(second, 19, Price{Money: ledger.USD, Minor: 170}, 23, Terms{ExpiresAt: later.Add(time.Hour)}),
			m.PlaceHold(first, PurposeBid, 9, later), m.PlaceHold(second, PurposeLease, 5, time.Time{}))
	}
	for _, c := range commands {
		m.settle(rt, []ledger.Command{c}, []answer{post(m.want, c)}, []answer{post(m.got, c)})
	}
}

func (m *machine) open(store ledger.Store) *ledger.Ledger {
	return ledger.New(ledger.Config{Rules: m.harness.rules(), Store: store, Clock: m.clock.Now, InjectedClock: true})
}

func (m *machine) close(rt *rapid.T) {
	for _, l := range []*ledger.Ledger{m.want, m.got} {
		if err := l.Close(context.Background()); err != nil {
			rt.Errorf("Close() = %v", err)
		}
	}
}

// compare runs after every step.
func (m *machine) compare(rt *rapid.T) {
	if diff := Diff(m.model.Snapshot(m.Book), m.snapshot()); diff != "" {
		rt.Fatalf("the store differs from the model:\n%s", diff)
	}
}

func (m *machine) postOne(rt *rapid.T) {
	c := m.command(rt)
	m.settle(rt, []ledger.Command{c}, []answer{post(m.want, c)}, []answer{post(m.got, c)})
}

func post(l *ledger.Ledger, c ledger.Command) answer {
	outcome, err := l.Post(context.Background(), c)
	return answer{outcome, err}
}

func (m *machine) postBatch(rt *rapid.T) {
	plug := m.Fact()
	commands := make([]ledger.Command, rapid.IntRange(2, 8).Draw(rt, "commands"))
	for i := range commands {
		commands[i] = m.command(rt)
		m.sent = append(m.sent, commands[i]) // may be retried within the batch
	}
	var answers [2][]answer
	for i, store := range []ledger.Store{m.model, m.store} {
		stile := newTurnstile(store)
		l := m.open(stile)
		answers[i] = together(rt, l, stile, plug, commands)
		if err := l.Close(context.Background()); err != nil {
			rt.Fatalf("Close() = %v", err)
		}
	}
	m.settle(rt, commands, answers[0], answers[1])
}

// postLinked posts commands that are accepted together or not at all.
func (m *machine) postLinked(rt *rapid.T) {
	commands := make([]ledger.Command, rapid.IntRange(1, 4).Draw(rt, "commands"))
	for i := range commands {
		commands[i] = m.command(rt)
		for _, other := range commands[:i] {
			if other.Key == commands[i].Key { // one key twice is an error of its own
				commands[i].Key.Key += "'"
			}
		}
		m.sent = append(m.sent, commands[i])
	}
	var answers [2][]answer
	for i, l := range []*ledger.Ledger{m.want, m.got} {
		outcomes, err := l.PostLinked(context.Background(), slices.Clone(commands))
		answers[i] = make([]answer, len(commands))
		for at := range commands {
			answers[i][at].err = err
			if err == nil {
				answers[i][at].Outcome = outcomes[at]
			}
		}
	}
	m.settle(rt, commands, answers[0], answers[1])
}

// dryRun asks both what a command would do. Nothing may come of it (I25).
func (m *machine) dryRun(rt *rapid.T) {
	c := m.command(rt)
	before := m.model.Snapshot(m.Book)
	var answers [2][]answer
	for i, l := range []*ledger.Ledger{m.want, m.got} {
		outcome, _, err := l.DryRun(context.Background(), c)
		answers[i] = []answer{{outcome, err}}
	}
	m.settle(rt, nil, answers[0], answers[1])
	if diff := Diff(before, m.model.Snapshot(m.Book)); diff != "" {
		rt.Fatalf("a dry run changed the book (I25):\n%s", diff)
	}
}

// retry sends a request again, sometimes with another body.
func (m *machine) retry(rt *rapid.T) {
	if len(m.sent) == 0 {
		rt.Skip("nothing was sent")
	}
	c := rapid.SampledFrom(m.sent).Draw(rt, "sent")
	if rapid.Bool().Draw(rt, "other body") {
		c.Fingerprint[1]++
	}
	if rapid.Bool().Draw(rt, "other id") {
		c.ID = m.NewID()
	}
	m.settle(rt, nil, []answer{post(m.want, c)}, []answer{post(m.got, c)})
}

func (m *machine) moveClock(rt *rapid.T) {
	m.clock.Advance(rapid.SampledFrom([]time.Duration{
		time.Microsecond, time.Second, time.Hour, 3 * time.Hour, 24 * time.Hour, 40 * 24 * time.Hour, -time.Minute,
	}).Draw(rt, "advance"))
}

// settle compares answers and learns from the accepted ones. Errors must come
// from numbers beyond their columns: any other would be a broken invariant.
func (m *machine) settle(rt *rapid.T, commands []ledger.Command, want, got []answer) {
	for i := range want {
		w, g := want[i], got[i]
		if w.err != nil && !errors.Is(w.err, ledger.ErrAmountOverflow) {
			rt.Fatalf("the model failed: %v", w.err)
		}
		if (w.err == nil) != (g.err == nil) || w.print() != g.print() {
			rt.Fatalf("outcome %d: the store answered %s, %v; the model %s, %v", i, g.print(), g.err, w.print(), w.err)
		}
	}
	for i, c := range commands {
		m.posted++
		m.sent = append(m.sent, c)
		if want[i].err == nil && want[i].Refusal == nil && !want[i].Replayed {
			if template, _ := m.harness.rules().Template(c.Template); len(template.ReversibleAs) > 0 || len(m.journals) == 0 {
				m.journals = append(m.journals, c.ID)
			}
			if c.Template == TemplatePlaceHold {
				m.holds = append(m.holds, HoldOf(c))
			}
			for _, guard := range c.Guards {
				m.gates[guard.ID()]++
			}
		}
	}
}

func (a answer) print() string {
	if a.err != nil {
		return "an error"
	}
	return fmt.Sprintf("journal %s seq %d replayed %t book %d refusal %s", a.Journal, a.Seq, a.Replayed, a.BookSeq, refusal(a.Refusal))
}
