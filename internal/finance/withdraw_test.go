package finance_test

import (
	"errors"
	"testing"
	"time"

	"purser/internal/domain"
	"purser/internal/finance"
	"purser/ledger"
)

// What was asked by mistake and withdrawn leaves the period as it was, so that either
// action can be asked for by anyone, the same person included.
func TestWithdrawnRequestsDecideNothing(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		closed bool
		action finance.Action
		was    finance.PeriodState
		after  finance.PeriodState
	}{
		"of_closing":   {false, finance.ActionClose, finance.PeriodOpen, finance.PeriodClosed},
		"of_reopening": {true, finance.ActionReopen, finance.PeriodClosed, finance.PeriodOpen},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			o := newOffice(t)
			if c.closed {
				o.closeNow("2026-10")
			}
			asked := o.sign(ines, c.action, "2026-10", "asked")
			gone := o.sign(ines, withdraw, "2026-10", "gone")
			if reasonOf(gone) != "" || gone.Period.State() != c.was || gone.Period.Pending != nil {
				t.Fatalf("withdrawn: %s, refused %q, pending %+v", gone.Period.State(), reasonOf(gone), gone.Period.Pending)
			}
			latest := gone.Period.Latest()
			if latest.ID != asked.Outcome.Journal || latest.WithdrawnBy != ines.Principal || latest.WithdrawnAt.IsZero() || latest.ApprovedBy != "" {
				t.Errorf("latest request = %+v, want the one that was withdrawn", latest)
			}
			o.sign(ines, c.action, "2026-10", "anew")
			done := o.sign(hugo, c.action, "2026-10", "agreed")
			if done.Period.State() != c.after || done.Period.Latest().ApprovedBy != hugo.Principal {
				t.Errorf("asked anew and agreed: %s, refused %q", done.Period.State(), reasonOf(done))
			}
		})
	}
}

// A withdrawal leaves nothing for a colleague to agree to: their signature asks, and
// waits for another person's.
func TestSignatureAfterAWithdrawalAsks(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	o.sign(ines, finance.ActionClose, "2026-10", "asked")
	o.sign(ines, withdraw, "2026-10", "gone")
	asked := o.sign(hugo, finance.ActionClose, "2026-10", "asked-by-hugo")
	if got := asked.Period.State(); got != finance.PeriodClosing || asked.Period.Pending == nil || asked.Period.Pending.RequestedBy != hugo.Principal {
		t.Fatalf("after hugo's signature: %s, pending %+v", got, asked.Period.Pending)
	}
	if done := o.sign(ines, finance.ActionClose, "2026-10", "agreed-by-ines"); done.Period.State() != finance.PeriodClosed {
		t.Errorf("after ines's: %s", done.Period.State())
	}
}

func TestRefusedWithdrawals(t *testing.T) {
	t.Parallel()
	type step struct {
		by     domain.Caller
		action finance.Action
	}
	for name, c := range map[string]struct {
		before []step
		by     domain.Caller
		want   string
	}{
		"nobody_asked":      {nil, ines, finance.ReasonNothingPending},
		"somebody_else_did": {[]step{{ines, finance.ActionClose}}, hugo, finance.ReasonNotRequester},
		"agreed_already":    {[]step{{ines, finance.ActionClose}, {hugo, finance.ActionClose}}, ines, finance.ReasonNothingPending},
		"withdrawn_already": {[]step{{ines, finance.ActionClose}, {ines, withdraw}}, ines, finance.ReasonNothingPending},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			o := newOffice(t)
			for i, s := range c.before {
				o.sign(s.by, s.action, "2026-10", string(rune('a'+i)))
			}
			refused := o.sign(c.by, withdraw, "2026-10", "withdraw")
			if reasonOf(refused) != c.want {
				t.Fatalf("refused %q, want %s", reasonOf(refused), c.want)
			}
			facts := refused.Outcome.Refusal.(*ledger.GuardFailedError).Detail
			if got := facts.TextOf(finance.FactRequestedBy); (got == ines.Principal) != (c.want == finance.ReasonNotRequester) {
				t.Errorf("requestedBy = %q", got)
			}
			if again := o.sign(c.by, withdraw, "2026-10", "withdraw"); !again.Outcome.Replayed || reasonOf(again) != c.want {
				t.Errorf("again with the same key: %+v", again.Outcome)
			}
		})
	}
}

// The same key withdraws once: what was asked anew since then stays.
func TestWithdrawalIsReplayed(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	o.sign(ines, finance.ActionClose, "2026-10", "asked")
	first := o.sign(ines, withdraw, "2026-10", "gone")
	o.sign(ines, finance.ActionClose, "2026-10", "anew")
	again := o.sign(ines, withdraw, "2026-10", "gone")
	if !again.Outcome.Replayed || again.Outcome.Journal != first.Outcome.Journal || again.Period.State() != finance.PeriodClosing {
		t.Errorf("again: %+v, period %s", again.Outcome, again.Period.State())
	}
	_, err := o.service.WithdrawRequest(t.Context(), ines, finance.SignPeriod{Key: "key-of-gone", Period: "2026-10"})
	var invalid *domain.ValidationError
	if !errors.As(err, &invalid) || invalid.Field != "reason" {
		t.Errorf("without a reason: %v", err)
	}
}

// The journal says who withdrew, and why.
func TestWithdrawalIsOnRecord(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	o.sign(ines, finance.ActionClose, "2026-10", "asked")
	o.now = o.now.Add(time.Hour)
	o.sign(ines, withdraw, "2026-10", "gone")
	journals := o.store.Snapshot(ledger.PlatformBook).Journals
	last := journals[len(journals)-1]
	explanation, err := domain.DecodeExplanation(last.Explanation)
	if err != nil {
		t.Fatal(err)
	}
	if last.Type != finance.TypeWithdrawn || last.InitiatedBy != ines.Principal || explanation.Rule != "PERIOD_WITHDRAW" || explanation.Inputs[0].Value != "month end" {
		t.Errorf("journal %s by %s, explained by %+v", last.Type, last.InitiatedBy, explanation)
	}
}
