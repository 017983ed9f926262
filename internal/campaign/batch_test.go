package campaign_test

import (
	"context"
	"strings"
	"testing"

	"purser/internal/campaign"
	"purser/internal/domain"
	"purser/internal/market"
	"purser/ledger"
)

// collector keeps commands instead of posting them.
type collector struct{ commands []ledger.Command }

func (c *collector) Post(_ context.Context, command ledger.Command) (ledger.Outcome, error) {
	c.commands = append(c.commands, command)
	return ledger.Outcome{Journal: command.ID}, nil
}

// request asks a service for one command.
type request func(*campaign.Service) (campaign.Result, error)

// inOneBatch makes the commands of all requests, on what is stored now, and has
// them decided in this order in one batch.
func (w *world) inOneBatch(requests ...request) []ledger.Outcome {
	w.t.Helper()
	made := &collector{}
	maker := campaign.NewService(campaign.Config{
		Ledger: made, Directory: w.store, Clock: w.clock.Now, NewID: w.newID, Projections: market.Projections(),
	})
	for i, request := range requests {
		if _, err := request(maker); err != nil {
			w.t.Fatalf("request %d: %v", i, err)
		}
	}
	return w.together(made.commands)
}

// together has commands decided in their order in one batch.
func (w *world) together(commands []ledger.Command) []ledger.Outcome {
	w.t.Helper()
	blocked, release := w.store.hold()
	first := w.submit(w.fact())
	<-blocked // the writer is in a batch of its own; what is submitted now is the next
	var pending []*ledger.Pending
	for _, command := range commands {
		pending = append(pending, w.submit(command))
	}
	release()
	if _, err := first.Wait(w.t.Context()); err != nil {
		w.t.Fatal(err)
	}
	outcomes := make([]ledger.Outcome, len(pending))
	for i := range pending {
		outcome, err := pending[i].Wait(w.t.Context())
		if err != nil {
			w.t.Fatalf("command %d: %v", i, err)
		}
		outcomes[i] = outcome
		if outcome.BookSeq != outcomes[0].BookSeq {
			w.t.Fatalf("command %d was decided in another batch", i)
		}
	}
	return outcomes
}

func (w *world) submit(command ledger.Command) *ledger.Pending {
	w.t.Helper()
	pending, err := w.ledger.Submit(w.t.Context(), command)
	if err != nil {
		w.t.Fatal(err)
	}
	return pending
}

// fact is a command that moves nothing.
func (w *world) fact() ledger.Command {
	input := ledger.Arguments(nil).Text("fact", w.key())
	command := service.Command(w.wallet.Book, w.newID(), domain.Request{Mutation: "fact", Key: w.key(), Input: input})
	command.Template, command.Arguments = campaign.TemplateUpdate, input
	return command
}

func (w *world) wantReasons(outcomes []ledger.Outcome, reasons ...string) {
	w.t.Helper()
	for i, outcome := range outcomes {
		if reasons[i] == "" {
			w.must(outcome, nil)
			continue
		}
		w.refused(reasons[i], campaign.Result{Outcome: outcome}, nil)
	}
}

func (w *world) creating(account campaign.Ref, change func(*campaign.Create)) request {
	in := w.plan(account)
	change(&in)
	return func(s *campaign.Service) (campaign.Result, error) { return s.Create(w.t.Context(), w.advertiser(), in) }
}

func (w *world) updating(ref campaign.Ref, change func(*campaign.Update)) request {
	in := campaign.Update{Key: w.key(), Campaign: ref, Version: w.store.campaign(ref).Version}
	change(&in)
	return func(s *campaign.Service) (campaign.Result, error) { return s.Update(w.t.Context(), w.advertiser(), in) }
}

func (w *world) moving(ref campaign.Ref, status campaign.Status) request {
	in := campaign.SetStatus{Key: w.key(), Campaign: ref, Status: status}
	return func(s *campaign.Service) (campaign.Result, error) {
		return s.SetStatus(w.t.Context(), w.advertiser(), in)
	}
}

func (w *world) funding(ref campaign.Ref, amount int64) request {
	in := campaign.Fund{Key: w.key(), Campaign: ref, Amount: amount}
	return func(s *campaign.Service) (campaign.Result, error) { return s.Fund(w.t.Context(), w.advertiser(), in) }
}

func (w *world) charging(ref campaign.Ref, charge int64) request {
	in := campaign.Charge{Key: w.key(), Campaign: ref, Batch: w.key(), MinuteAt: w.clock.Now(), Clicks: 1, Charge: charge}
	return func(s *campaign.Service) (campaign.Result, error) { return s.Charge(w.t.Context(), service, in) }
}

// Commands of a batch see the rows as those before them leave them (I14).
func TestCommandsOfABatchSeeEachOther(t *testing.T) {
	t.Parallel()
	t.Run("a_name_is_given_up_and_taken", func(t *testing.T) {
		t.Parallel()
		w := newWorld(t)
		ref := w.create(w.connects, 0)
		old, renamed := w.store.campaign(ref).Name, "Renamed"
		named := func(name string) func(*campaign.Create) { return func(c *campaign.Create) { c.Name = name } }
		w.wantReasons(w.inOneBatch(
			w.creating(w.connects, named(old)),
			w.updating(ref, func(u *campaign.Update) { u.Name = &renamed }),
			w.creating(w.connects, named(" RENAMED ")),
			w.creating(w.connects, named(old)),
			w.creating(w.connects, named(old)),
		), campaign.ReasonNameTaken, "", campaign.ReasonNameTaken, "", campaign.ReasonNameTaken)
	})
	t.Run("a_name_in_another_case_is_not_given_up", func(t *testing.T) {
		t.Parallel()
		w := newWorld(t)
		ref := w.create(w.connects, 0)
		louder := strings.ToUpper(w.store.campaign(ref).Name)
		w.wantReasons(w.inOneBatch(
			w.updating(ref, func(u *campaign.Update) { u.Name = &louder }),
			w.creating(w.connects, func(c *campaign.Create) { c.Name = louder }),
		), "", campaign.ReasonNameTaken)
	})
	t.Run("a_version_is_used_once", func(t *testing.T) {
		t.Parallel()
		w := newWorld(t)
		ref := w.create(w.connects, 0)
		raise := w.updating(ref, func(u *campaign.Update) { u.Budget = daily(1100) })
		stale := w.updating(ref, func(u *campaign.Update) { u.Budget = daily(1200) })
		w.wantReasons(w.inOneBatch(raise, stale), "", campaign.ReasonVersionConflict)
		if got := w.store.campaign(ref).Budget; got != *daily(1100) {
			t.Errorf("budget %+v, want the first change", got)
		}
	})
	t.Run("funds_enable_and_charges_count", func(t *testing.T) {
		t.Parallel()
		w := newWorld(t)
		w.deposit(10_000, 0)
		ref := w.create(w.prepaid, 0)
		w.wantReasons(w.inOneBatch(
			w.moving(ref, campaign.StatusEnabled), w.funding(ref, 1000), w.moving(ref, campaign.StatusEnabled),
			w.charging(ref, 900), w.charging(ref, 900),
			w.moving(ref, campaign.StatusPaused), w.moving(ref, campaign.StatusEnabled),
			w.moving(ref, campaign.StatusEnded), w.funding(ref, 1),
		), campaign.ReasonNoFunds, "", "", "", "", "", campaign.ReasonNoFunds, "", campaign.ReasonCampaignEnded)
		w.wantTotals(ref, campaign.Totals{Funded: 1000, Consumed: 1000, Unbilled: 800})
	})
	t.Run("a_charge_counts_for_the_budget", func(t *testing.T) {
		t.Parallel()
		w := newWorld(t)
		w.deposit(10_000, 0)
		ref := w.create(w.prepaid, 5000)
		lower := func(budget *campaign.Budget) request {
			return w.updating(ref, func(u *campaign.Update) { u.Budget, u.ConfirmLargeChange = budget, true })
		}
		w.wantReasons(w.inOneBatch(w.charging(ref, 600), lower(daily(599)), lower(lifetime(599)), lower(daily(600))),
			"", campaign.ReasonBelowSpentToday, campaign.ReasonBelowSpent, "")
	})
	t.Run("the_limit_of_campaigns_is_met", func(t *testing.T) {
		t.Parallel()
		w := newWorld(t)
		row := w.store.account(w.connects.ID)
		row.Campaigns = 9_999
		w.store.setAccount(w.connects.Book, row)
		as := func(*campaign.Create) {}
		w.wantReasons(w.inOneBatch(w.creating(w.connects, as), w.creating(w.connects, as)), "", campaign.ReasonCampaignLimit)
	})
	t.Run("the_end_gives_back_what_charges_left", func(t *testing.T) {
		t.Parallel()
		w := newWorld(t)
		w.purchase(100)
		ref := w.create(w.connects, 100)
		w.wantReasons(w.inOneBatch(w.charging(ref, 30), w.moving(ref, campaign.StatusEnded), w.charging(ref, 30)), "", "", "")
		w.wantTotals(ref, campaign.Totals{Funded: 100, Consumed: 30, Released: 70, Unbilled: 30})
	})
}
