package postgres_test

import (
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"

	"purser/internal/domain"
	"purser/internal/wallet"
	"purser/ledger"
)

// historyOf reads a whole history page by page, newest first. mine reads it by
// way of the caller's own list, which is another statement.
func (w *world) historyOf(caller domain.Caller, ref wallet.Ref, query wallet.TransactionsQuery, mine bool) []wallet.Transaction {
	w.t.Helper()
	var rows []wallet.Transaction
	for {
		request := wallet.PageRequest{Mine: mine, Refs: []wallet.Ref{ref}, Transactions: []wallet.TransactionsQuery{query}}
		page := sectionOf[wallet.TransactionPage](w.t, w.page(caller, request), ref, query)
		if len(page.Transactions) > query.Limit || (page.More && len(page.Transactions) < query.Limit) {
			w.t.Fatalf("a page of %d has %d rows", query.Limit, len(page.Transactions))
		}
		last := len(page.Transactions) - 1
		if query.Direction == wallet.Backward {
			rows, last = append(slices.Clone(page.Transactions), rows...), 0
		} else {
			rows = append(rows, page.Transactions...)
		}
		if !page.More {
			return rows
		}
		query.HasKey, query.Key = true, page.Transactions[last].Key
	}
}

// historyWorld has a wallet with a history of 40 rows of many kinds beside one
// that must not show in it. Journals are given oldest first.
func historyWorld(t *testing.T) (w *world, ref wallet.Ref, owner domain.Caller, journals []ledger.ID, subject string) {
	t.Helper()
	w = newWorld(t)
	ref, owner = w.openOwn()
	other, stranger := w.openOwn()
	subject = uuid.NewString()
	for i := range 10 {
		w.wait(24 * time.Hour)
		w.grant(other, 10, ledger.OriginPlan, time.Time{})
		journals = append(journals, w.purchase(ref, int64(10+i), 150, ledger.USD), w.grant(ref, 5, ledger.OriginPromo, time.Time{}))
		proposal := uuid.NewString()
		if i == 4 {
			proposal = subject
		}
		spent := w.spendOn(owner, ref, int64(4+i%3), proposal)
		w.spend(stranger, other, 3)
		journals = append(journals, spent, w.reverse(ref, spent, 2, "RETURN_JOB_CLOSED"))
	}
	return w, ref, owner, journals, subject
}

func TestHistoryPages(t *testing.T) {
	t.Parallel()
	w, ref, owner, journals, _ := historyWorld(t)
	want := slices.Clone(journals)
	slices.Reverse(want)
	for _, limit := range []int{1, 3, 20, 40, 100} {
		for _, direction := range []wallet.Direction{wallet.Forward, wallet.Backward} {
			for _, mine := range []bool{false, true} {
				rows := w.historyOf(owner, ref, wallet.TransactionsQuery{Limit: limit, Direction: direction}, mine)
				if diff := cmp.Diff(want, journalsOf(rows)); diff != "" {
					t.Errorf("pages of %d, direction %d, mine %t (-want +got):\n%s", limit, direction, mine, diff)
				}
			}
		}
	}
	rows := w.historyOf(owner, ref, wallet.TransactionsQuery{Limit: 100}, false)
	for i := range rows[:len(rows)-1] {
		if rows[i].RunningBalance != rows[i+1].RunningBalance+rows[i].Amount || rows[i].Key.Version != rows[i+1].Key.Version+1 {
			t.Errorf("row %d %+v does not follow %+v", i, rows[i], rows[i+1])
		}
	}
	balance := section[wallet.Balance](w, owner, ref, wallet.BalanceQuery{})
	if rows[0].RunningBalance != balance.Available {
		t.Errorf("newest running balance %d, available %d", rows[0].RunningBalance, balance.Available)
	}
	if entries := w.page(owner, wallet.PageRequest{Refs: []wallet.Ref{ref}}).Wallets[0].Entries; entries != int64(len(rows)) {
		t.Errorf("the wallet says its history has %d rows, it has %d", entries, len(rows))
	}
}

func journalsOf(rows []wallet.Transaction) []ledger.ID {
	ids := make([]ledger.ID, len(rows))
	for i, row := range rows {
		ids[i] = row.Journal
	}
	return ids
}

func TestHistoryFilters(t *testing.T) {
	t.Parallel()
	w, ref, owner, _, subject := historyWorld(t)
	all := w.historyOf(owner, ref, wallet.TransactionsQuery{Limit: 100}, false)
	day := func(i int) time.Time { return began.Add(time.Duration(i) * 24 * time.Hour) }
	size := func(t wallet.Transaction) int64 { return max(t.Amount, -t.Amount) }
	cases := map[string]struct {
		filter wallet.TransactionFilter
		keep   func(wallet.Transaction) bool
		count  int
	}{
		"none":     {wallet.TransactionFilter{}, func(wallet.Transaction) bool { return true }, 40},
		"one_type": {wallet.TransactionFilter{Types: 1 << 0}, func(t wallet.Transaction) bool { return t.Type == wallet.TypePurchase }, 10},
		"two_types": {wallet.TransactionFilter{Types: 1<<5 | 1<<6}, func(t wallet.Transaction) bool {
			return t.Type == wallet.TypeProposal || t.Type == wallet.TypeReturnJobClosed
		}, 20},
		"no_such":  {wallet.TransactionFilter{Types: 1 << 8}, func(wallet.Transaction) bool { return false }, 0},
		"credits":  {wallet.TransactionFilter{Sign: 1}, func(t wallet.Transaction) bool { return t.Amount > 0 }, 30},
		"debits":   {wallet.TransactionFilter{Sign: -1}, func(t wallet.Transaction) bool { return t.Amount < 0 }, 10},
		"at_least": {wallet.TransactionFilter{HasMin: true, Min: 6}, func(t wallet.Transaction) bool { return size(t) >= 6 }, 13},
		"at_most":  {wallet.TransactionFilter{HasMax: true, Max: 0}, func(wallet.Transaction) bool { return false }, 0},
		"between":  {wallet.TransactionFilter{HasMin: true, Min: 4, HasMax: true, Max: 5, Sign: -1}, func(t wallet.Transaction) bool { return t.Amount <= -4 && t.Amount >= -5 }, 7},
		"local_days": {wallet.TransactionFilter{Dates: domain.Range{From: ledger.DateOf(day(3)), To: ledger.DateOf(day(5))}}, func(t wallet.Transaction) bool {
			return ledger.DateOf(t.EffectiveAt) == ledger.DateOf(day(3)) || ledger.DateOf(t.EffectiveAt) == ledger.DateOf(day(4))
		}, 8},
		"subject": {wallet.TransactionFilter{Subject: ledger.Subject{Type: wallet.SubjectProposal, ID: subject}}, func(t wallet.Transaction) bool {
			return t.Subject.ID == subject
		}, 2},
		"foreign_subject": {wallet.TransactionFilter{Subject: ledger.Subject{Type: wallet.SubjectProposal, ID: uuid.NewString()}}, func(wallet.Transaction) bool { return false }, 0},
	}
	for name, test := range cases {
		var want []wallet.Transaction
		for _, row := range all {
			if test.keep(row) {
				want = append(want, row)
			}
		}
		if len(want) != test.count {
			t.Fatalf("%s: the filter keeps %d rows of the history, not the %d that this test is about", name, len(want), test.count)
		}
		for _, direction := range []wallet.Direction{wallet.Forward, wallet.Backward} {
			for _, mine := range []bool{false, true} {
				got := w.historyOf(owner, ref, wallet.TransactionsQuery{Limit: 3, Direction: direction, Filter: test.filter}, mine)
				if diff := cmp.Diff(want, got); diff != "" && len(want)+len(got) > 0 {
					t.Errorf("%s, direction %d, mine %t (-want +got):\n%s", name, direction, mine, diff)
				}
			}
		}
	}
}

// TestHistoryLocalDays filters by days of the owner's zone, where evening is
// already tomorrow.
func TestHistoryLocalDays(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	party := newID()
	ref := w.open(party, wallet.KindFreelancer, "Pacific/Auckland") // 13 hours ahead: 12:00 is 01:00 tomorrow
	journal := w.grant(ref, 1, ledger.OriginPromo, time.Time{})
	for day, want := range map[int]int{1: 0, 2: 1, 3: 0} {
		filter := wallet.TransactionFilter{Dates: domain.Range{From: ledger.Date{Year: 2026, Month: 3, Day: day}, To: ledger.Date{Year: 2026, Month: 3, Day: day + 1}}}
		for _, mine := range []bool{false, true} {
			rows := w.historyOf(freelancer(party), ref, wallet.TransactionsQuery{Limit: 5, Filter: filter}, mine)
			if len(rows) != want || (want == 1 && rows[0].Journal != journal) {
				t.Errorf("day %d, mine %t: %d rows, want %d", day, mine, len(rows), want)
			}
		}
	}
}

// TestHistoryPresets reads two wallets over the midnights of their zones: 5:45 ahead
// of UTC, and behind it on the day that has 23 hours there.
func TestHistoryPresets(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	kathmandu, newYork := w.open(newID(), wallet.KindFreelancer, "Asia/Kathmandu"), w.open(newID(), wallet.KindFreelancer, "America/New_York")
	type counts struct{ Today, Yesterday int }
	at := func(day, hour, minute int) time.Time { return time.Date(2026, 3, day, hour, minute, 0, 0, time.UTC) }
	for _, step := range []struct {
		at   time.Time
		want map[wallet.Ref]counts
	}{
		{at(7, 18, 14), map[wallet.Ref]counts{kathmandu: {1, 0}, newYork: {1, 0}}},
		{at(7, 18, 15), map[wallet.Ref]counts{kathmandu: {1, 1}, newYork: {2, 0}}}, // midnight in Kathmandu
		{at(8, 4, 59), map[wallet.Ref]counts{kathmandu: {2, 1}, newYork: {3, 0}}},
		{at(8, 5, 0), map[wallet.Ref]counts{kathmandu: {3, 1}, newYork: {1, 3}}}, // midnight in New York, of the short day
		{at(9, 3, 59), map[wallet.Ref]counts{kathmandu: {1, 3}, newYork: {2, 3}}},
		{at(9, 4, 0), map[wallet.Ref]counts{kathmandu: {2, 3}, newYork: {1, 2}}}, // 23 hours later
	} {
		w.wait(step.at.Sub(w.clock()))
		for ref := range step.want {
			w.grant(ref, 1, ledger.OriginPromo, time.Time{})
		}
		today := wallet.TransactionsQuery{Limit: 10, Filter: wallet.TransactionFilter{Dates: domain.Range{Preset: domain.PresetToday}}}
		yesterday := wallet.TransactionsQuery{Limit: 10, Filter: wallet.TransactionFilter{Dates: domain.Range{Preset: domain.PresetYesterday}}}
		request := wallet.PageRequest{Transactions: []wallet.TransactionsQuery{today, yesterday}}
		for _, refs := range [][]wallet.Ref{{kathmandu}, {newYork}, {kathmandu, newYork}} {
			request.Refs = refs
			page := w.page(service, request)
			for _, ref := range refs {
				got := counts{
					len(sectionOf[wallet.TransactionPage](t, page, ref, today).Transactions),
					len(sectionOf[wallet.TransactionPage](t, page, ref, yesterday).Transactions),
				}
				if got != step.want[ref] {
					t.Errorf("at %s, of %d wallets read: %+v, want %+v", step.at, len(refs), got, step.want[ref])
				}
			}
		}
	}
	unknown := wallet.TransactionsQuery{Limit: 10, Filter: wallet.TransactionFilter{Dates: domain.Range{Preset: "SOME_DAYS"}}}
	if _, err := w.reader.Page(t.Context(), service, wallet.PageRequest{Refs: []wallet.Ref{newYork}, Transactions: []wallet.TransactionsQuery{unknown}}); err == nil {
		t.Error("a preset that nobody knows was read as some dates")
	}
}

func TestTransactionLotsAndLinks(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ref, owner := w.openOwn()
	bought := w.purchase(ref, 10, 1000, ledger.USD)
	promo := w.grant(ref, 5, ledger.OriginPromo, began.Add(time.Hour))
	spent := w.spend(owner, ref, 8)
	first := w.reverse(ref, spent, 2, "RETURN_TOS")
	second := w.reverse(ref, spent, 4, "RETURN_JOB_CLOSED")

	lots := func(promoUnits, boughtUnits int64) []wallet.LotMovement {
		var moved []wallet.LotMovement
		if promoUnits != 0 {
			moved = append(moved, wallet.LotMovement{Lot: promo, Quantity: promoUnits, Origin: ledger.OriginPromo, ExpiresAt: began.Add(time.Hour)})
		}
		if boughtUnits != 0 {
			moved = append(moved, wallet.LotMovement{
				Lot: bought, Quantity: boughtUnits, Origin: ledger.OriginPurchase, ExpiresAt: began.AddDate(0, 0, 365), Basis: 100 * boughtUnits, Money: ledger.USD,
			})
		}
		return moved
	}
	query := wallet.TransactionsQuery{Limit: 2, WithLots: true, WithLinks: true}
	page := section[wallet.TransactionPage](w, owner, ref, query)
	if diff := cmp.Diff([]ledger.ID{second, first}, journalsOf(page.Transactions)); diff != "" || !page.More {
		t.Fatalf("page (-want +got):\n%s", diff)
	}
	// Last taken, first returned: 3 bought units went last.
	for i, want := range [][]wallet.LotMovement{lots(3, 1), lots(0, 2)} {
		row := page.Transactions[i]
		if diff := cmp.Diff(want, row.Lots); diff != "" || row.Reverses != spent || row.Reversed != 0 {
			t.Errorf("reversal %d: reverses %s, lots (-want +got):\n%s", i, row.Reverses, diff)
		}
	}
	byID, err := w.reader.Transactions(t.Context(), owner, []wallet.TransactionRef{{Wallet: ref, Journal: spent}, {Wallet: ref, Journal: spent}})
	if err != nil || len(byID) != 1 || byID[0].Wallet.Ref != ref {
		t.Fatalf("by id: %+v, %v", byID, err)
	}
	original := byID[0].Transaction
	if diff := cmp.Diff(lots(-5, -3), original.Lots); diff != "" || original.Reversed != 6 || original.Amount != -8 || original.RunningBalance != 7 {
		t.Errorf("the spend %+v, lots (-want +got):\n%s", original, diff)
	}
	if diff := cmp.Diff([]ledger.ID{first, second}, original.ReversedBy); diff != "" {
		t.Errorf("reversed by, oldest first (-want +got):\n%s", diff)
	}
	links := map[ledger.ID]wallet.Transaction{}
	for _, linked := range page.Linked {
		links[linked.Journal] = linked
	}
	if diff := cmp.Diff(original, links[spent]); diff != "" {
		t.Errorf("linked and by id (-id +linked):\n%s", diff)
	}
	query.Limit = 100
	for _, linked := range section[wallet.TransactionPage](w, owner, ref, query).Linked {
		if linked.Journal != spent && linked.Journal != first && linked.Journal != second {
			t.Errorf("%s is linked to nothing", linked.Journal)
		}
	}
	query.WithLots, query.WithLinks = false, false
	for _, row := range section[wallet.TransactionPage](w, owner, ref, query).Transactions {
		if row.Lots != nil {
			t.Errorf("lots that were not asked for: %+v", row.Lots)
		}
	}
}

// TestManyReversals links the latest hundred and counts all.
func TestManyReversals(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ref, owner := w.openOwn()
	w.grant(ref, 200, ledger.OriginPlan, time.Time{})
	spent := w.spend(owner, ref, 120)
	var reversals []ledger.ID
	for range 105 {
		reversals = append(reversals, w.reverse(ref, spent, 1, "RETURN_TOS"))
	}
	query := wallet.TransactionsQuery{Limit: 5, Direction: wallet.Backward, WithLinks: true}
	page := section[wallet.TransactionPage](w, owner, ref, query)
	at := slices.IndexFunc(page.Transactions, func(row wallet.Transaction) bool { return row.Journal == spent })
	if at < 0 {
		t.Fatalf("the spend is not among the oldest: %v", journalsOf(page.Transactions))
	}
	if row := page.Transactions[at]; row.Reversed != 105 || !slices.Equal(row.ReversedBy, reversals[5:]) {
		t.Errorf("reversed %d by %d", row.Reversed, len(row.ReversedBy))
	}
	for _, want := range reversals[5:] {
		if !slices.Contains(journalsOf(page.Linked), want) {
			t.Errorf("%s is not among the linked", want)
		}
	}
}
