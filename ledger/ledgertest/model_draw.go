package ledgertest

import (
	"math"
	"time"

	"pgregory.net/rapid"

	"purser/ledger"
)

// roll draws a number of so many bits, all equally likely: rapid's own ranges
// prefer the small end, which would make most histories short of money.
func roll(rt *rapid.T, bits int, label string) int {
	n := 0
	for range bits {
		n <<= 1
		if rapid.Bool().Draw(rt, label) {
			n++
		}
	}
	return n
}

// seldom is true once in 2^bits times.
func seldom(rt *rapid.T, bits int, label string) bool { return roll(rt, bits, label) == 1<<bits-1 }

// command draws any command of the rules, with its decorations.
func (m *machine) command(rt *rapid.T) ledger.Command {
	var c ledger.Command
	switch n := roll(rt, 3, "noun"); {
	case m.harness.own() && n < 2:
		c = m.ofHold(rt)
	case m.harness.own() && n < 4:
		c = m.ofMore(rt)
	case n < 5:
		c = m.ofWallet(rt)
	case n < 7:
		c = m.ofCampaign(rt)
	default:
		c = m.ofMoney(rt)
	}
	if seldom(rt, 4, "once") {
		c.Once = rapid.SampledFrom([]string{"a", "b", "c", "d", "e", "f"}).Draw(rt, "once key")
	}
	if seldom(rt, 2, "dated") {
		c.EffectiveAt = m.clock.Now().Add(time.Duration(rapid.IntRange(-400*24, 48).Draw(rt, "hours")) * time.Hour)
	}
	if !m.harness.NoGates && seldom(rt, 3, "guarded") {
		gate := rapid.SampledFrom([]string{"g", "h"}).Draw(rt, "gate")
		c = ThroughGate(c, gate, m.gates[gate]+int64(roll(rt, 1, "version")))
	}
	if seldom(rt, 3, "conditional") {
		c.Conditions = m.conditions(rt, c)
	}
	if len(m.sent) > 0 && seldom(rt, 5, "taken key") {
		before := rapid.SampledFrom(m.sent).Draw(rt, "sent")
		c.Key, c.Fingerprint = before.Key, before.Fingerprint
	}
	return c
}

func (m *machine) ofWallet(rt *rapid.T) ledger.Command {
	wallet := m.wallets[min(roll(rt, 2, "wallet"), len(m.wallets)-1)]
	switch n := roll(rt, 5, "template"); {
	case n < 6:
		return m.Grant(wallet, amount(rt), m.terms(rt))
	case n < 12:
		money := rapid.SampledFrom([]ledger.Commodity{ledger.USD, ledger.EUR}).Draw(rt, "money")
		return m.Purchase(wallet, amount(rt), Price{Money: money, Minor: 9 * amount(rt) / 2, Fee: int64(roll(rt, 6, "fee") - 1)}, m.terms(rt))
	case n < 20:
		return m.Spend(wallet, amount(rt))
	case n < 27:
		return m.reversal(rt)
	case n < 29:
		return m.OpenWallet(wallet)
	case n < 30:
		return m.Freeze(wallet)
	case n < 31:
		return m.Unfreeze(wallet)
	default:
		return m.Fact()
	}
}

func (m *machine) ofCampaign(rt *rapid.T) ledger.Command {
	wallet := m.wallets[roll(rt, 1, "wallet")]
	if seldom(rt, 3, "unopened") {
		wallet = m.wallets[2]
	}
	campaign := m.campaigns[wallet][roll(rt, 1, "campaign")]
	switch n := roll(rt, 4, "template"); {
	case n < 7:
		return m.Fund(wallet, campaign, amount(rt))
	case n < 11:
		return m.Charge(wallet, campaign, amount(rt))
	case n < 13:
		return m.Release(wallet, campaign, amount(rt))
	case n < 14:
		return m.ReleaseRest(wallet, campaign)
	default:
		return m.OpenCampaign(wallet, campaign)
	}
}

func (m *machine) ofMoney(rt *rapid.T) ledger.Command {
	campaign := m.prepaidCampaigns[roll(rt, 1, "campaign")]
	switch n := roll(rt, 4, "template"); {
	case n < 4:
		return m.Deposit(m.prepaid, Price{Money: ledger.USD, Minor: amount(rt), Fee: int64(roll(rt, 2, "fee"))})
	case n < 8:
		return m.FundMoney(m.prepaid, campaign, ledger.USD, amount(rt))
	case n < 12:
		return m.ChargeMoney(m.prepaid, campaign, ledger.USD, amount(rt))
	case n < 13:
		return m.ReleaseMoney(m.prepaid, campaign, ledger.USD, amount(rt))
	case n < 15:
		return m.ReleaseMoneyRest(m.prepaid, campaign, ledger.USD)
	default:
		return m.OpenPrepaidCampaign(m.prepaid, campaign, ledger.USD)
	}
}

func (m *machine) reversal(rt *rapid.T) ledger.Command {
	of := m.NewID() // unknown
	if len(m.journals) > 0 && !seldom(rt, 4, "unknown") {
		of = rapid.SampledFrom(m.journals).Draw(rt, "journal")
	}
	reason := TypeReversal
	if seldom(rt, 2, "return") {
		reason = TypeReturn
	}
	if seldom(rt, 2, "rest") {
		return m.ReverseRest(of, reason)
	}
	return m.Reverse(of, reason, amount(rt))
}

func (m *machine) terms(rt *rapid.T) Terms {
	terms := Terms{Priority: int64(roll(rt, 2, "priority")) / 2}
	if !seldom(rt, 1, "forever") {
		terms.ExpiresAt = m.clock.Now().Add(time.Duration(roll(rt, 5, "lifetime")-1) * time.Hour)
	}
	return terms
}

// amount draws small numbers mostly, so that histories go on, and now and then
// one at an edge.
func amount(rt *rapid.T) int64 {
	if !seldom(rt, 5, "edge") {
		return int64(roll(rt, 3, "amount")) + 1
	}
	return rapid.SampledFrom([]int64{0, -1, math.MinInt64, 1 << 31, 1 << 32, 1 << 53, math.MaxInt64 / 2, math.MaxInt64 - 1, math.MaxInt64}).Draw(rt, "number")
}
