package ledgertest

import (
	"time"

	"pgregory.net/rapid"

	"purser/ledger"
)

// ofHold draws a command about a hold.
func (m *machine) ofHold(rt *rapid.T) ledger.Command {
	if len(m.holds) == 0 || seldom(rt, 2, "place") {
		return m.placeHold(rt)
	}
	hold := m.holds[max(len(m.holds)-1-roll(rt, 2, "hold"), 0)] // old ones are closed, mostly
	if seldom(rt, 5, "unknown") {
		hold.ID = m.NewID()
	}
	switch n := roll(rt, 4, "template"); {
	case n < 5:
		return m.Capture(hold, amount(rt))
	case n < 7:
		return m.graced(rt, m.CaptureAndRelease(hold, amount(rt), amount(rt)))
	case n < 9:
		return m.IncreaseHold(hold, amount(rt))
	case n < 11:
		return m.graced(rt, m.ReleaseHold(hold, amount(rt)))
	case n < 13:
		return m.graced(rt, m.ReleaseHoldRest(hold))
	case n < 15:
		return m.ExpireHold(hold)
	default:
		return m.placeHold(rt)
	}
}

func (m *machine) placeHold(rt *rapid.T) ledger.Command {
	var expires time.Time
	if !seldom(rt, 1, "forever") {
		expires = m.clock.Now().Add(time.Duration(roll(rt, 4, "lifetime")) * time.Hour)
	}
	return m.PlaceHold(m.anyWallet(rt), rapid.SampledFrom([]string{PurposeBid, PurposeLease}).Draw(rt, "purpose"), amount(rt), expires)
}

// anyWallet is one of the two that are open from the beginning, mostly.
func (m *machine) anyWallet(rt *rapid.T) ledger.ID {
	if seldom(rt, 4, "third") {
		return m.wallets[2]
	}
	return m.wallets[roll(rt, 1, "wallet")]
}

// otherWallet is another one, mostly.
func (m *machine) otherWallet(rt *rapid.T, wallet ledger.ID) ledger.ID {
	if other := m.wallets[0]; other != wallet && !seldom(rt, 4, "other") {
		return other
	}
	return m.wallets[1+roll(rt, 1, "other")]
}

// graced gives grace now and then, sometimes one that is over.
func (m *machine) graced(rt *rapid.T, c ledger.Command) ledger.Command {
	if !seldom(rt, 1, "grace") {
		return c
	}
	return WithGrace(c, m.clock.Now().Add(time.Duration(roll(rt, 3, "grace")-1)*time.Hour))
}

// ofMore draws what only this package's rules know, holds aside.
func (m *machine) ofMore(rt *rapid.T) ledger.Command {
	wallet := m.anyWallet(rt)
	switch n := roll(rt, 4, "template"); {
	case n < 2:
		return m.Transfer(wallet, m.otherWallet(rt, wallet), amount(rt))
	case n < 4:
		origin := rapid.SampledFrom([]ledger.Origin{ledger.OriginPromo, ledger.OriginPurchase, ledger.OriginBonus}).Draw(rt, "origin")
		return m.TransferOf(wallet, m.otherWallet(rt, wallet), amount(rt), origin, ledger.OriginPlan)
	case n < 6:
		price := 9 * amount(rt) / 2
		money := rapid.SampledFrom([]ledger.Commodity{ledger.USD, ledger.EUR}).Draw(rt, "money")
		return m.PurchaseWithTax(wallet, amount(rt), Price{Money: money, Minor: price}, price/7, m.terms(rt))
	case n < 8:
		return m.ExpireUnits(wallet)
	case n < 10:
		return m.graced(rt, m.reversal(rt))
	case n < 12:
		return m.limit(rt, wallet)
	case n < 13:
		if seldom(rt, 2, "close") {
			return m.CloseWallet(wallet)
		}
		return m.Unfreeze(wallet)
	default:
		return m.period(rt)
	}
}

func (m *machine) limit(rt *rapid.T, wallet ledger.ID) ledger.Command {
	window := rapid.SampledFrom([]time.Duration{time.Hour, 24 * time.Hour, time.Minute, 0}).Draw(rt, "window")
	if seldom(rt, 1, "lift") {
		return m.LiftLimit(wallet, window)
	}
	return m.SetLimit(wallet, window, 3*amount(rt))
}

func (m *machine) period(rt *rapid.T) ledger.Command {
	month := m.clock.Now().AddDate(0, roll(rt, 2, "month")-3, 1-m.clock.Now().Day()).Format("2006-01")
	if seldom(rt, 2, "reopen") {
		return m.ReopenPeriod(month)
	}
	return m.ClosePeriod(month)
}

// conditions draws conditions about the command's wallet or a journal, half of
// which hold, roughly.
func (m *machine) conditions(rt *rapid.T, c ledger.Command) []ledger.Condition {
	condition := ledger.Condition{Account: patternAvailable, Commodity: ledger.CNX}
	if c.Arguments.IDOf(ArgWallet).IsZero() || seldom(rt, 2, "of a journal") {
		condition = ledger.Condition{NotReversed: m.NewID()}
		if len(m.journals) > 0 {
			condition.NotReversed = rapid.SampledFrom(m.journals).Draw(rt, "not reversed")
		}
		return []ledger.Condition{condition}
	}
	if seldom(rt, 1, "version") {
		version := int64(roll(rt, 3, "version"))
		condition.Version = &version
	} else {
		condition.AtLeast = max(amount(rt), 0)
	}
	return []ledger.Condition{condition}
}
