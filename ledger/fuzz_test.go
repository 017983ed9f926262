package ledger_test

import (
	"bytes"
	"context"
	"errors"
	"math/rand/v2"
	"testing"

	"purser/ledger"
	"purser/ledger/ledgertest"
)

// post sends a command to both ledgers, after a dry run on the first.
func (f *fuzzed) post(c ledger.Command) {
	f.t.Helper()
	dry, _, dryErr := f.ledgers[0].DryRun(context.Background(), c)
	var outcomes [2]ledger.Outcome
	var errs [2]error
	for i, l := range f.ledgers {
		outcomes[i], errs[i] = l.Post(context.Background(), c)
	}
	f.compare(c, outcomes, errs)
	if errs[0] == nil && (dryErr != nil || decision(dry.Refusal) != decision(outcomes[0].Refusal) || dry.Replayed != outcomes[0].Replayed) {
		f.t.Errorf("%s %v: the dry run gave %+v, %v and the command %+v", c.Template, c.Arguments, dry, dryErr, outcomes[0])
	}
	f.learn(c, outcomes[0], errs[0])
}

// linked sends two or three commands that are accepted together or not at all (I27).
func (f *fuzzed) linked() {
	f.t.Helper()
	commands := []ledger.Command{f.command(), f.command()}
	if f.tape.pick(2) == 1 {
		commands = append(commands, f.command())
	}
	var all [2][]ledger.Outcome
	var errs [2]error
	for i, l := range f.ledgers {
		all[i], errs[i] = l.PostLinked(context.Background(), commands)
	}
	f.compare(commands[0], [2]ledger.Outcome{}, errs)
	if errs[0] != nil || errs[1] != nil {
		return
	}
	refused := 0
	for i, c := range commands {
		f.compare(c, [2]ledger.Outcome{all[0][i], all[1][i]}, errs)
		f.learn(c, all[0][i], nil)
		if all[0][i].Refusal != nil {
			refused++
		}
	}
	if refused != 0 && refused != len(commands) {
		f.t.Errorf("I27: of %d linked commands %d were refused", len(commands), refused)
	}
}

// retry sends a request again, sometimes with another body (I12).
func (f *fuzzed) retry() {
	f.t.Helper()
	c := f.sent[f.tape.pick(len(f.sent))]
	c.ID = f.NewID()
	if f.tape.pick(2) == 0 {
		c.Fingerprint[1]++
	}
	f.post(c)
}

// compare fails where the two stores led to two decisions. Errors must come from
// numbers beyond their columns, or from a command that no caller can send.
func (f *fuzzed) compare(c ledger.Command, outcomes [2]ledger.Outcome, errs [2]error) {
	f.t.Helper()
	for _, err := range errs {
		if err != nil && !errors.Is(err, ledger.ErrAmountOverflow) && !errors.Is(err, ledger.ErrInvalidCommand) {
			f.t.Fatalf("%s %v: %v", c.Template, c.Arguments, err)
		}
	}
	if (errs[0] == nil) != (errs[1] == nil) {
		f.t.Fatalf("%s %v: a whole state gave %v, the rows that were asked for %v", c.Template, c.Arguments, errs[0], errs[1])
	}
	wide, narrow := outcomes[0], outcomes[1]
	if decision(wide.Refusal) != decision(narrow.Refusal) {
		f.t.Fatalf("%s %v: a whole state gave %s, the rows that were asked for %s", c.Template, c.Arguments, decision(wide.Refusal), decision(narrow.Refusal))
	}
	wide.Refusal, narrow.Refusal = nil, nil
	if wide != narrow {
		f.t.Fatalf("%s %v: a whole state gave %+v, the rows that were asked for %+v", c.Template, c.Arguments, wide, narrow)
	}
}

func decision(r ledger.Refusal) string {
	if r == nil {
		return "acceptance"
	}
	return r.Code() + " " + r.Error()
}

func (f *fuzzed) learn(c ledger.Command, outcome ledger.Outcome, err error) {
	f.sent = append(f.sent, c)
	if err != nil || outcome.Refusal != nil || outcome.Replayed {
		return
	}
	f.journals = append(f.journals, c.ID)
	if c.Template == ledgertest.TemplatePlaceHold {
		f.holds = append(f.holds, ledgertest.HoldOf(c))
	}
}

// FuzzApply reads a history from bytes and drives it through the fold twice: over a
// whole book that advances, and over exactly the rows that were asked for. Both must
// decide alike and leave the same rows, which keep every invariant that rows can
// show.
func FuzzApply(f *testing.F) {
	f.Add([]byte{})
	for _, seed := range fuzzSeeds {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		h := newFuzzed(t, data)
		defer h.close()
		h.run()
		wide, narrow := h.stores[0].Snapshot(h.Book), h.stores[1].Snapshot(h.Book)
		if diff := ledgertest.Diff(wide, narrow); diff != "" {
			t.Errorf("the two stores differ:\n%s", diff)
		}
		for _, err := range narrow.Check(ledgertest.Rules()) {
			t.Error(err)
		}
	})
}

// fuzzSeeds are enough random histories to meet every template.
var fuzzSeeds = func() (seeds [][]byte) {
	random := rand.NewPCG(2, 7)
	for range 60 {
		seed := make([]byte, 240)
		for i := range seed {
			seed[i] = byte(random.Uint64() >> 32)
		}
		seeds = append(seeds, seed)
	}
	return seeds
}()

// run reads the tape to its end, or as far as one history goes.
func (f *fuzzed) run() {
	for range fuzzStepsMax {
		if len(*f.tape) == 0 {
			break
		}
		f.step()
	}
}

// TestFuzzSeedsReachEveryTemplate keeps the fuzz target honest: were everything it
// sends refused, its invariants would hold of nothing.
func TestFuzzSeedsReachEveryTemplate(t *testing.T) {
	t.Parallel()
	accepted := map[string]int{}
	for _, seed := range fuzzSeeds {
		h := newFuzzed(t, seed)
		h.run()
		for _, j := range h.stores[0].Snapshot(h.Book).Journals {
			accepted[j.Template]++
		}
		h.close()
	}
	for _, template := range []string{
		ledgertest.TemplateOpenWallet, ledgertest.TemplateGrant, ledgertest.TemplatePurchase, ledgertest.TemplateSpend, ledgertest.TemplateReverse,
		ledgertest.TemplateFreeze, ledgertest.TemplateUnfreeze, ledgertest.TemplatePlaceHold, ledgertest.TemplateIncreaseHold,
		ledgertest.TemplateCaptureBid, ledgertest.TemplateCaptureLease, ledgertest.TemplateReleaseHold, ledgertest.TemplateExpireHold,
		ledgertest.TemplateExpireUnits, ledgertest.TemplateTransfer, ledgertest.TemplateSetLimit, ledgertest.TemplateCloseWallet,
		ledgertest.TemplateClosePeriod, ledgertest.TemplateReopenPeriod,
	} {
		if accepted[template] == 0 {
			t.Errorf("no seed gets a %s accepted", template)
		}
	}
	t.Logf("accepted: %v", accepted)
}

// FuzzDecodeRefusal decodes what storage may hold beside a key: it never panics, and
// what it accepts it also writes, once more the same.
func FuzzDecodeRefusal(f *testing.F) {
	for code, c := range stored {
		f.Add(code, c.facts.Encode())
		f.Add(code, ledger.Arguments(nil).Encode())
	}
	f.Fuzz(func(t *testing.T, code string, facts []byte) {
		first, err := ledger.DecodeRefusal(code, facts)
		if err != nil {
			return
		}
		second, err := ledger.DecodeRefusal(first.Code(), first.Facts().Encode())
		if err != nil {
			t.Fatalf("DecodeRefusal(%q, %x) cannot be stored again: %v", code, facts, err)
		}
		if second.Code() != code || second.Error() != first.Error() || !bytes.Equal(first.Facts().Encode(), second.Facts().Encode()) {
			t.Errorf("DecodeRefusal(%q, %x) = %v, stored again %v", code, facts, first, second)
		}
	})
}
