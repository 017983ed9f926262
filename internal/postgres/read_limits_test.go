package postgres_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"purser/internal/domain"
	"purser/internal/wallet"
	"purser/ledger"
)

func (w *world) setLimit(ref wallet.Ref, window wallet.Window, maximum int64) {
	w.t.Helper()
	w.accepted(w.service.SetLimit(w.t.Context(), service, wallet.SetLimit{Key: w.newKey(), Wallet: ref, Window: window, Maximum: maximum}))
}

// Limits are shown as they stand in the window of the reading, whenever they were
// counted last.
func TestLimitsOfNow(t *testing.T) {
	t.Parallel()
	w := newWorld(t) // on a Sunday at noon
	ref, owner := w.openOwn()
	w.purchase(ref, 100, 1500, ledger.USD)
	limits := func() []wallet.Limit { return section[[]wallet.Limit](w, owner, ref, wallet.LimitsQuery{}) }
	if got := limits(); len(got) != 0 {
		t.Errorf("limits %+v of a wallet without any", got)
	}
	w.setLimit(ref, wallet.WindowWeek, 50)
	w.setLimit(ref, wallet.WindowDay, 20)
	w.bid(owner, ref, 12, began.AddDate(0, 0, 7))
	midnight := time.Date(2026, 3, 2, 0, 0, 0, 0, time.UTC)
	day := wallet.Limit{Window: wallet.WindowDay, Maximum: 20, Used: 12, ResetsAt: midnight}
	week := wallet.Limit{Window: wallet.WindowWeek, Maximum: 50, Used: 12, ResetsAt: midnight}
	for _, step := range []struct {
		name string
		do   func()
		want []wallet.Limit
	}{
		{"counted", func() {}, []wallet.Limit{day, week}},
		{"lowered", func() { w.setLimit(ref, wallet.WindowDay, 5); day.Maximum = 5 }, nil},
		{"lifted", func() { w.setLimit(ref, wallet.WindowDay, -1) }, []wallet.Limit{week}},
		{"set_again", func() { w.setLimit(ref, wallet.WindowDay, 20) }, []wallet.Limit{{Window: wallet.WindowDay, Maximum: 20, Used: 12, ResetsAt: midnight}, week}},
		{"in_the_next_windows", func() { w.wait(13 * time.Hour) }, []wallet.Limit{
			{Window: wallet.WindowDay, Maximum: 20, ResetsAt: midnight.AddDate(0, 0, 1)}, {Window: wallet.WindowWeek, Maximum: 50, ResetsAt: midnight.AddDate(0, 0, 7)},
		}},
	} {
		step.do()
		want := step.want
		if want == nil {
			want = []wallet.Limit{day, week}
		}
		if diff := cmp.Diff(want, limits()); diff != "" {
			t.Errorf("%s (-want +got):\n%s", step.name, diff)
		}
	}
}

func TestLimitsAreTheirOwnersAlone(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ref, owner := w.openOwn()
	_, stranger := w.openOwn()
	w.setLimit(ref, wallet.WindowDay, 20)
	for name, test := range map[string]struct {
		caller domain.Caller
		want   int
	}{"the_owner": {owner, 1}, "a_stranger": {stranger, 0}, "a_service": {service, 1}} {
		page, err := w.reader.Page(t.Context(), test.caller, wallet.PageRequest{Refs: []wallet.Ref{ref}, Limits: []wallet.LimitsQuery{{}}})
		if err != nil {
			t.Fatal(err)
		}
		if got := len(page.Sections); got != test.want {
			t.Errorf("%s sees %d sections, want %d", name, got, test.want)
		}
	}
}
