package campaign

import (
	"fmt"
	"math/bits"
	"time"

	"purser/ledger"
)

// Fields of the change log. FieldCreated stands for the whole campaign, by its
// name.
const (
	FieldCreated  = "created"
	FieldName     = "name"
	FieldAd       = "ad"
	FieldStartsAt = "schedule.startsAt"
	FieldEndsAt   = "schedule.endsAt"
	FieldBid      = "bid"
	FieldBudget   = "budget"
	FieldStatus   = "status"
)

type adAccountEffect struct{ row AdAccountRow }

// Kind implements ledger.Effect.
func (adAccountEffect) Kind() string { return EffectAdAccount }

// Row implements ledger.Effect.
func (e adAccountEffect) Row(accepted *ledger.Delta) any {
	row := e.row
	row.OpenedAt = accepted.Journal.PostedAt
	return row
}

// createEffect inserts a campaign without value; EffectTotals adds what funds it.
type createEffect struct{ row Row }

// Kind implements ledger.Effect.
func (createEffect) Kind() string { return EffectCampaign }

// Row implements ledger.Effect.
func (e createEffect) Row(accepted *ledger.Delta) any {
	row := e.row
	row.CreatedAt, row.UpdatedAt = accepted.Journal.PostedAt, accepted.Journal.PostedAt
	return row
}

type updateEffect struct{ change *change }

// Kind implements ledger.Effect.
func (updateEffect) Kind() string { return EffectUpdate }

// Row implements ledger.Effect.
func (e updateEffect) Row(accepted *ledger.Delta) any { return e.change.after(accepted) }

// createdEffect logs that a campaign came to be.
type createdEffect struct{ row Row }

// Kind implements ledger.Effect.
func (createdEffect) Kind() string { return EffectChanges }

// Row implements ledger.Effect.
func (e createdEffect) Row(accepted *ledger.Delta) any {
	return logOf(accepted, e.row.ID, []fieldChange{{FieldCreated, "", e.row.Name}})
}

// changesEffect logs each field that a change changed.
type changesEffect struct {
	change    *change
	commodity ledger.Commodity // of the amounts, as people read them
}

// Kind implements ledger.Effect.
func (changesEffect) Kind() string { return EffectChanges }

// Row implements ledger.Effect.
func (e changesEffect) Row(accepted *ledger.Delta) any {
	if log := logOf(accepted, e.change.campaign, differences(e.change.before, e.change.after(accepted), e.commodity)); len(log) > 0 {
		return log
	}
	return nil
}

type totalsEffect struct{}

// Kind implements ledger.Effect.
func (totalsEffect) Kind() string { return EffectTotals }

// Row implements ledger.Effect.
func (totalsEffect) Row(accepted *ledger.Delta) any {
	if row, ok := TotalsOf(accepted); ok {
		return row
	}
	return nil
}

type chargeEffect struct{}

// Kind implements ledger.Effect.
func (chargeEffect) Kind() string { return EffectCharge }

// Row implements ledger.Effect.
func (chargeEffect) Row(accepted *ledger.Delta) any {
	if row, ok := ChargeRowOf(accepted); ok {
		return row
	}
	return nil
}

type fieldChange struct{ field, before, after string }

// differences lists what an owner sees change from one row to another.
func differences(before, after Row, commodity ledger.Commodity) []fieldChange {
	var found []fieldChange
	for _, f := range []fieldChange{
		{FieldName, before.Name, after.Name},
		{FieldAd, adText(before), adText(after)},
		{FieldStartsAt, timeText(before.StartsAt), timeText(after.StartsAt)},
		{FieldEndsAt, timeText(before.EndsAt), timeText(after.EndsAt)},
		{FieldBid, amountText(before.BidMinor, commodity), amountText(after.BidMinor, commodity)},
		{FieldBudget, budgetText(before.Budget, commodity), budgetText(after.Budget, commodity)},
		{FieldStatus, string(before.Status), string(after.Status)},
	} {
		if f.before != f.after {
			found = append(found, f)
		}
	}
	return found
}

func logOf(accepted *ledger.Delta, campaign ledger.ID, changes []fieldChange) []ChangeRow {
	log := make([]ChangeRow, len(changes))
	for i, c := range changes {
		log[i] = ChangeRow{
			Campaign: campaign, Journal: accepted.Journal.ID, Line: int16(i), At: accepted.Journal.PostedAt,
			Actor: accepted.Journal.InitiatedBy, Field: c.field, Old: c.before, New: c.after,
		}
	}
	return log
}

func adText(row Row) string { return string(row.AdType) + " " + row.AdID.String() }

func budgetText(b Budget, commodity ledger.Commodity) string {
	return string(b.Type) + " " + amountText(b.AmountMinor, commodity)
}

// amountText is an amount, which is not negative, as people read it: "12 CNX" or
// "12.00 USD".
func amountText(minor int64, commodity ledger.Commodity) string {
	if !commodity.IsMoney() {
		return fmt.Sprintf("%d %s", minor, commodity)
	}
	return fmt.Sprintf("%d.%02d %s", minor/100, minor%100, commodity)
}

func timeText(at time.Time) string {
	if at.IsZero() {
		return ""
	}
	return at.UTC().Format(time.RFC3339Nano)
}

// TotalsOf sums what a journal moved into and out of a campaign's escrow, and what
// it left unbilled; ok is false when it did neither. It is the one definition of
// the campaigns' counters, written as an effect and re-derived by verification
// (I22).
func TotalsOf(accepted *ledger.Delta) (row TotalsRow, ok bool) {
	row.Campaign = accepted.Journal.Arguments.IDOf(ArgCampaign)
	for _, posting := range accepted.Postings {
		from, to := sideOf(accepted, posting.Debit), sideOf(accepted, posting.Credit)
		switch {
		case from == sideSource && to == sideEscrow:
			row.Funded += posting.Amount
		case from == sideEscrow && to == sideSource:
			row.Released += posting.Amount
		case from == sideEscrow && to == sideUsed:
			row.Consumed += posting.Amount
		case from == sideUsed && to == sideEscrow:
			row.Credited += posting.Amount
		}
	}
	if charge, charged := accepted.Journal.Arguments.AmountOf(ArgCharge); charged {
		row.Unbilled = charge - row.Consumed
	}
	return row, row.Totals != Totals{}
}

// side is the part an account plays in a campaign's life.
type side uint8

const (
	sideOther  side = iota
	sideSource      // where a campaign's funds come from and go back to
	sideEscrow
	sideUsed // what it was charged
)

func sideOf(accepted *ledger.Delta, id ledger.ID) side {
	account, found := accepted.Account(id)
	if !found {
		return sideOther
	}
	switch account.Account.Class {
	case ClassEscrow, ClassPrepaidEscrow:
		return sideEscrow
	case classWalletAvailable, ClassPrepaid:
		return sideSource
	case consumed, classRevenue:
		return sideUsed
	default:
		return sideOther
	}
}

// ChargeRowOf returns the batch of clicks that a journal charged; ok is false for
// other journals. What was billed is known from its postings alone.
func ChargeRowOf(accepted *ledger.Delta) (row ChargeRow, ok bool) {
	journal := accepted.Journal
	charge, charged := journal.Arguments.AmountOf(ArgCharge)
	batch := journal.Arguments.TextOf(ArgBatch)
	if !charged || batch == "" {
		return ChargeRow{}, false
	}
	impressions, _ := journal.Arguments.AmountOf(ArgImpressions)
	clicks, _ := journal.Arguments.AmountOf(ArgClicks)
	billed := BilledOf(accepted)
	return ChargeRow{
		Journal: journal.ID, Campaign: journal.Arguments.IDOf(ArgCampaign), Batch: batch,
		MinuteAt: journal.EffectiveAt, Impressions: impressions, Clicks: clicks, BillableClicks: billableClicks(clicks, billed, charge),
		Billed: billed, Unbilled: charge - billed, PostedAt: journal.PostedAt,
	}, true
}

// BilledOf returns what a journal took from a campaign's escrow for its clicks.
func BilledOf(accepted *ledger.Delta) int64 {
	row, _ := TotalsOf(accepted)
	return row.Consumed
}

// billableClicks returns how many of clicks were paid for, in part at least, when
// billed of charge was: clicks·billed/charge, rounded up. The product may need 128
// bits; the quotient does not, since billed is no more than charge.
func billableClicks(clicks, billed, charge int64) int64 {
	if charge <= 0 || billed <= 0 {
		return 0
	}
	high, low := bits.Mul64(uint64(clicks), uint64(billed))
	low, carry := bits.Add64(low, uint64(charge-1), 0)
	quotient, _ := bits.Div64(high+carry, low, uint64(charge))
	return int64(quotient)
}

// plus returns t with more added.
func (t Totals) plus(more Totals) Totals {
	return Totals{
		Funded: t.Funded + more.Funded, Released: t.Released + more.Released, Consumed: t.Consumed + more.Consumed,
		Credited: t.Credited + more.Credited, Unbilled: t.Unbilled + more.Unbilled,
	}
}
