package finance_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"purser/internal/finance"
	"purser/ledger"
)

// journalsOf are the journals of a book for which a condition on templates holds.
func (o *office) journalsOf(book ledger.BookID, of func(template string) bool) []ledger.Journal {
	journals := slices.Clone(o.store.Snapshot(book).Journals)
	return slices.DeleteFunc(journals, func(j ledger.Journal) bool { return !of(j.Template) })
}

// aLife signs for October in every way there is: withdrawn, closed, interrupted and
// finished by a third person, reopened, and asked for again.
func aLife(t *testing.T) *office {
	t.Helper()
	o := newOffice(t)
	o.closeNow("2026-09")
	o.sign(rosa, finance.ActionClose, "2026-10", "mistaken")
	o.sign(rosa, withdraw, "2026-10", "mistaken-w")
	o.sign(ines, finance.ActionClose, "2026-10", "first")
	o.store.away[1] = true
	if _, err := o.try(hugo, finance.ActionClose, "2026-10", "second"); err == nil {
		t.Fatal("the second signature did not say that a book was away")
	}
	o.sign(rosa, finance.ActionClose, "2026-10", "third")
	o.sign(hugo, finance.ActionReopen, "2026-10", "reopen-1")
	o.sign(rosa, finance.ActionReopen, "2026-10", "reopen-2")
	o.sign(hugo, finance.ActionClose, "2026-10", "again")
	return o
}

// The journals alone give what the effects stored.
func TestTrailDerivesWhatWasStored(t *testing.T) {
	t.Parallel()
	o := aLife(t)
	trail := finance.NewTrail()
	for _, j := range o.journalsOf(ledger.PlatformBook, finance.Signs) {
		if err := trail.Add(&j); err != nil {
			t.Errorf("journal %s: %v", j.ID, err)
		}
	}
	stored := o.store.all
	if trail.Len() != len(stored) || len(stored) != 5 {
		t.Errorf("%d requests, stored %d, want 5", trail.Len(), len(stored))
	}
	for id, want := range stored {
		got, ok := trail.Request(id)
		if diff := cmp.Diff(want, got); !ok || diff != "" {
			t.Errorf("request %s (-stored +derived):\n%s", id, diff)
		}
	}
	if _, ok := trail.Request(ledger.ID{1}); ok {
		t.Error("a request that nobody made was found")
	}
}

func TestTrailFindsWhatNobodyCouldSign(t *testing.T) {
	t.Parallel()
	signed := func(template, by string, action finance.Action) ledger.Journal {
		return ledger.Journal{
			ID: ledger.ID{1}, Template: template, InitiatedBy: by, Explanation: []byte(`{"rule":"x","inputs":[{"name":"reason","value":"month end"}]}`),
			Arguments: ledger.Arguments(nil).Text(finance.ArgPeriod, "2026-10").Text(finance.ArgAction, string(action)),
		}
	}
	ask := func(by string, action finance.Action) ledger.Journal {
		return signed(finance.TemplateRequest, by, action)
	}
	undo := func(by string) ledger.Journal { return signed(finance.TemplateWithdraw, by, "") }
	silent, aDay := ask("staff:ines", finance.ActionClose), ask("staff:ines", finance.ActionClose)
	silent.Explanation, aDay.Arguments = nil, ledger.Arguments(nil).Text(finance.ArgPeriod, "2026-10-01")
	for name, c := range map[string]struct {
		journals []ledger.Journal
		want     string
	}{
		"one_person_twice":        {[]ledger.Journal{ask("staff:ines", finance.ActionClose), ask("party:INES", finance.ActionClose)}, "agreed to by party:INES"},
		"the_opposite":            {[]ledger.Journal{ask("staff:ines", finance.ActionClose), ask("staff:hugo", finance.ActionReopen)}, "opposite is pending"},
		"another's_withdrawn":     {[]ledger.Journal{ask("staff:ines", finance.ActionClose), undo("staff:hugo")}, "withdraws what staff:ines asked"},
		"nothing_withdrawn":       {[]ledger.Journal{undo("staff:hugo")}, "nobody has asked"},
		"withdrawn_once_agreed":   {[]ledger.Journal{ask("staff:ines", finance.ActionClose), ask("staff:hugo", finance.ActionClose), undo("staff:ines")}, "nobody has asked"},
		"another_action":          {[]ledger.Journal{ask("staff:ines", "LOSE")}, "no action"},
		"no_period":               {[]ledger.Journal{aDay}, "about no period"},
		"no_reason":               {[]ledger.Journal{silent}, "does not say why"},
		"an_explanation_of_sorts": {[]ledger.Journal{{Template: finance.TemplateRequest, Explanation: []byte("{"), Arguments: silent.Arguments}}, "decode explanation"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			trail := finance.NewTrail()
			last := len(c.journals) - 1
			for i, j := range c.journals {
				switch err := trail.Add(&j); {
				case i < last && err != nil:
					t.Fatalf("journal %d: %v", i, err)
				case i == last && (err == nil || !strings.Contains(err.Error(), c.want)):
					t.Errorf("error = %v, want one of %q", err, c.want)
				}
			}
		})
	}
}

// Whatever a book closed and reopened follows from the requests, in each book.
func TestFollowersAreContent(t *testing.T) {
	t.Parallel()
	o := aLife(t)
	for book := range ledger.BookID(booksInTests) {
		var follower finance.Follower
		journals := o.journalsOf(book, finance.Follows)
		for _, j := range journals {
			request, ok := o.store.all[finance.RequestOf(&j)]
			if !ok {
				t.Fatalf("book %d: no request %s", book, finance.RequestOf(&j))
			}
			if err := follower.Add(&j, &request); err != nil {
				t.Errorf("book %d: %v", book, err)
			}
		}
		if len(journals) != 3 {
			t.Errorf("book %d: %d journals, want 3", book, len(journals))
		}
	}
}

func TestFollowersFindWhatNobodyAgreedTo(t *testing.T) {
	t.Parallel()
	o := aLife(t)
	journals := o.journalsOf(1, finance.Follows)
	closing := journals[1] // of October
	agreed := o.store.all[finance.RequestOf(&closing)]
	altered := func(alter func(*finance.Request)) *finance.Request {
		request := agreed
		alter(&request)
		return &request
	}
	for name, c := range map[string]struct {
		journal ledger.Journal
		request *finance.Request
		want    string
	}{
		"no_request":         {closing, nil, "nobody made"},
		"one_pending":        {closing, altered(func(r *finance.Request) { r.ApprovedBy = "" }), "nobody has agreed"},
		"one_withdrawn":      {closing, altered(func(r *finance.Request) { r.ApprovedBy, r.WithdrawnBy = "", r.RequestedBy }), "nobody has agreed"},
		"the_opposite":       {closing, altered(func(r *finance.Request) { r.Action = finance.ActionReopen }), "to REOPEN 2026-10"},
		"of_another_period":  {closing, altered(func(r *finance.Request) { r.Period = september }), "to CLOSE 2026-09"},
		"by_another_person":  {closing, altered(func(r *finance.Request) { r.ApprovedBy = "staff:eve" }), "staff:eve"},
		"asked_by_another":   {closing, altered(func(r *finance.Request) { r.RequestedBy = "staff:eve" }), "staff:eve"},
		"one_that_was_later": {journals[2], &agreed, "to CLOSE 2026-10"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var follower finance.Follower
			if err := follower.Add(&c.journal, c.request); err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("error = %v, want one of %q", err, c.want)
			}
		})
	}
	t.Run("twice", func(t *testing.T) {
		t.Parallel()
		var follower finance.Follower
		if err := follower.Add(&closing, &agreed); err != nil {
			t.Fatal(err)
		}
		if err := follower.Add(&closing, &agreed); err == nil || !strings.Contains(err.Error(), "or a later one") {
			t.Errorf("error = %v, want one of the second time", err)
		}
	})
	t.Run("one_person", func(t *testing.T) {
		t.Parallel()
		alone := closing
		alone.Arguments = ledger.Arguments(nil).Text(finance.ArgPeriod, "2026-10").ID(finance.ArgRequest, agreed.ID).
			Text(finance.ArgRequestedBy, "staff:ines").Text(finance.ArgApprovedBy, "party:ines")
		var follower finance.Follower
		err := follower.Add(&alone, altered(func(r *finance.Request) { r.RequestedBy, r.ApprovedBy = "staff:ines", "party:ines" }))
		if err == nil || !strings.Contains(err.Error(), "agreed to by party:ines") {
			t.Errorf("error = %v, want one of a single person", err)
		}
	})
}
