package ledgertest

import (
	"bytes"
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"purser/ledger"
)

// Snapshot is everything one book holds, as rows. Every store under test can
// produce one, in any row order, so that stores are compared with each other and
// with themselves before and after a refusal.
type Snapshot struct {
	Book         ledger.BookID
	Seq          int64
	LastPostedAt time.Time
	Accounts     []ledger.AccountState
	Journals     []ledger.Journal
	Postings     []ledger.JournalPosting
	Movements    []ledger.JournalMovement
	Lots         []ledger.Lot
	Places       []ledger.Place // empty ones may be left out
	BackDated    []ledger.BackDated
	Trial        []ledger.TrialDelta
	Keys         []ledger.KeyRow
	Once         []ledger.OnceRow
	Gates        []Gate // of stores that enable GateKind

	Holds  []ledger.Hold
	Limits []ledger.LimitChange // of all accounts; AccountState.Limits is not compared
	// Periods are the changes of periods; their ClosedThrough is not compared, only
	// the book's own.
	Periods       []ledger.PeriodChange
	ClosedThrough ledger.Date
	// Links are the links of the hash chain, and Hash its head.
	Links []Link
	Hash  ledger.Hash
}

// WithoutKeys returns the snapshot as a refusal must leave it: a refusal stores
// its own key and nothing else (I13).
func (s Snapshot) WithoutKeys() Snapshot {
	s.Keys = nil
	return s
}

// Lines prints one line a row in a fixed order. Two snapshots are equal exactly
// when their lines are: absent and empty byte strings are the same, an instant
// is the same in any zone, and an empty place is no place.
func (s Snapshot) Lines() []string {
	p := s.printer()
	lines := []string{fmt.Sprintf("head book=%d seq=%d last=%s closed=%s hash=%s", s.Book, s.Seq, instant(s.LastPostedAt), day(s.ClosedThrough), s.Hash)}
	lines = appendSorted(lines, s.Accounts, p.account)
	lines = appendSorted(lines, s.Journals, p.journal)
	lines = appendSorted(lines, s.Postings, p.posting)
	lines = appendSorted(lines, s.Movements, p.movement)
	lines = appendSorted(lines, s.Lots, p.lot)
	lines = appendSorted(lines, s.Places, p.place)
	lines = appendSorted(lines, s.BackDated, p.backDated)
	lines = appendSorted(lines, s.Trial, p.trial)
	lines = appendSorted(lines, s.Keys, p.key)
	lines = appendSorted(lines, s.Once, p.once)
	lines = appendSorted(lines, s.Holds, p.hold)
	lines = appendSorted(lines, s.Limits, p.limit)
	lines = appendSorted(lines, s.Periods, p.period)
	lines = appendSorted(lines, s.Links, p.link)
	return appendSorted(lines, s.Gates, p.gate)
}

// Diff describes how got differs from want, "" where they are equal.
func Diff(want, got Snapshot) string {
	wantLines, gotLines := want.Lines(), got.Lines()
	if slices.Equal(wantLines, gotLines) {
		return ""
	}
	missing, extra := difference(wantLines, gotLines), difference(gotLines, wantLines)
	var out strings.Builder
	for _, line := range missing {
		fmt.Fprintf(&out, "-want %s\n", line)
	}
	for _, line := range extra {
		fmt.Fprintf(&out, "+got  %s\n", line)
	}
	return out.String()
}

// difference returns the lines of a that b has fewer of.
func difference(a, b []string) []string {
	count := make(map[string]int, len(b))
	for _, line := range b {
		count[line]++
	}
	var out []string
	for _, line := range a {
		if count[line]--; count[line] < 0 {
			out = append(out, line)
		}
	}
	return out
}

// appendSorted prints rows in the order of their lines; an empty line is no
// row.
func appendSorted[Row any](lines []string, rows []Row, line func(Row) string) []string {
	printed := make([]string, 0, len(rows))
	for _, row := range rows {
		if text := line(row); text != "" {
			printed = append(printed, text)
		}
	}
	slices.Sort(printed)
	return append(lines, printed...)
}

func instant(at time.Time) string {
	if at.IsZero() {
		return "-"
	}
	return at.UTC().Format("2006-01-02T15:04:05.000000000Z")
}

func day(d ledger.Date) string {
	if d == (ledger.Date{}) {
		return "-"
	}
	return d.String()
}

// printer knows the codes of accounts and the seqs of journals, so that a
// difference can be read by people.
type printer struct {
	codes map[ledger.ID]string
	seqs  map[ledger.ID]int64
}

func (s Snapshot) printer() printer {
	p := printer{codes: make(map[ledger.ID]string, len(s.Accounts)), seqs: make(map[ledger.ID]int64, len(s.Journals))}
	for _, row := range s.Accounts {
		p.codes[row.Account.ID] = row.Account.Code + "/" + string(row.Account.Commodity)
	}
	for _, journal := range s.Journals {
		p.seqs[journal.ID] = journal.Seq
	}
	return p
}

func (p printer) code(account ledger.ID) string { return cmp.Or(p.codes[account], account.String()) }

func (p printer) account(row ledger.AccountState) string {
	a, b := row.Account, row.Balance
	return fmt.Sprintf("account %s id=%s class=%s owner=%s debits=%d credits=%d version=%d status=%s",
		p.code(a.ID), a.ID, a.Class, a.Owner, b.Debits, b.Credits, b.Version, b.Status)
}

func (printer) journal(j ledger.Journal) string {
	return fmt.Sprintf("journal %08d book=%d id=%s template=%s.%d type=%s args=%x effective=%s booked=%s posted=%s wallet=%s subject=%q/%q explanation=%x by=%q reverses=%s quantity=%d hold=%s/%s group=%s/%d",
		j.Seq, j.Book, j.ID, j.Template, j.TemplateVersion, j.Type, j.Arguments.Encode(), instant(j.EffectiveAt), j.BookedOn, instant(j.PostedAt),
		j.Wallet, j.Subject.Type, j.Subject.ID, j.Explanation, j.InitiatedBy, j.Reverses, j.Quantity, j.Hold, j.HoldEvent, j.Group, j.GroupSize)
}

func (p printer) posting(row ledger.JournalPosting) string {
	return fmt.Sprintf("posting %08d.%02d %s amount=%d %s DR %s version=%d balance=%d net=%s CR %s version=%d balance=%d net=%s",
		p.seqs[row.Journal], row.Line, row.Journal, row.Amount, row.Commodity, p.code(row.Debit), row.DebitVersion, row.DebitBalance, optional(row.DebitNet),
		p.code(row.Credit), row.CreditVersion, row.CreditBalance, optional(row.CreditNet))
}

func optional(value *int64) string {
	if value == nil {
		return "-"
	}
	return fmt.Sprint(*value)
}

func (p printer) movement(row ledger.JournalMovement) string {
	return fmt.Sprintf("movement %08d.%02d %s lot=%s account=%s hold=%s quantity=%d basis=%d tax=%d%s",
		p.seqs[row.Journal], row.Line, row.Journal, row.Lot, p.code(row.Account), row.Hold, row.Quantity, row.Basis, row.Tax, row.Money)
}

func (printer) lot(l ledger.Lot) string {
	return fmt.Sprintf("lot %s wallet=%s origin=%s granted=%d remaining=%d expires=%s priority=%d basis=%d%s left=%d tax=%d left=%d jurisdiction=%q root=%s grace=%s",
		l.ID, l.Wallet, l.Origin, l.Granted, l.Remaining, instant(l.ExpiresAt), l.Priority, l.Basis, l.Money, l.BasisRemaining, l.Tax, l.TaxRemaining,
		l.Jurisdiction, l.Root, instant(l.GraceUntil))
}

func (p printer) place(row ledger.Place) string {
	if row.Quantity == 0 {
		return ""
	}
	return fmt.Sprintf("place lot=%s account=%s hold=%s quantity=%d", row.Lot, p.code(row.Account), row.Hold, row.Quantity)
}

func (p printer) backDated(row ledger.BackDated) string {
	return fmt.Sprintf("back-dated %s from %s to %s debits=%d credits=%d", p.code(row.Account), row.PostedOn, row.BookedOn, row.Debits, row.Credits)
}

func (printer) trial(row ledger.TrialDelta) string {
	return fmt.Sprintf("trial %s/%s %s debits=%d credits=%d", row.Class, row.Commodity, row.Day, row.Debits, row.Credits)
}

func (printer) key(row ledger.KeyRow) string {
	scope, stored := row.Key.Scope, row.Stored
	return fmt.Sprintf("key %q/%q/%s/%q fingerprint=%x command=%s seq=%d refusal=%s", scope.Principal, scope.Mutation, scope.Owner, row.Key.Key,
		stored.Fingerprint[:], stored.Command, stored.Seq, refusal(stored.Refusal))
}

// refusal prints a refusal by what is stored of it.
func refusal(r ledger.Refusal) string {
	if r == nil {
		return "-"
	}
	return fmt.Sprintf("%s(%x)", r.Code(), r.Facts().Encode())
}

func (printer) once(row ledger.OnceRow) string {
	return fmt.Sprintf("once %q journal=%s", row.Once, row.Journal)
}

func (p printer) hold(h ledger.Hold) string {
	return fmt.Sprintf("hold %s wallet=%s account=%s held=%s purpose=%q subject=%q/%q reserved=%d captured=%d released=%d %s opened=%s expires=%s closed=%s",
		h.ID, h.Wallet, p.code(h.Account), p.code(h.Held), h.Purpose, h.Subject.Type, h.Subject.ID, h.Reserved, h.Captured, h.Released, h.Status,
		instant(h.OpenedAt), instant(h.ExpiresAt), instant(h.ClosedAt))
}

func (p printer) limit(l ledger.LimitChange) string {
	return fmt.Sprintf("limit %s window=%s maximum=%d start=%s used=%d", p.code(l.Account), l.Window, max(l.Maximum, -1), instant(l.WindowStart), l.Used)
}

func (printer) period(c ledger.PeriodChange) string {
	return fmt.Sprintf("period %s %s seq=%d journal=%s", c.Period, c.Event, c.Seq, c.Journal)
}

func (printer) link(l Link) string {
	return fmt.Sprintf("link %08d root=%s hash=%s", l.LastSeq, l.Root, l.Hash)
}

func (printer) gate(row Gate) string {
	return fmt.Sprintf("gate %q version=%d journal=%s", row.ID, row.Version, row.Journal)
}

// compareIDs orders ids by their bytes.
func compareIDs(a, b ledger.ID) int { return bytes.Compare(a[:], b[:]) }
