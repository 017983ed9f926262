package demo_test

import (
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"purser/internal/campaign"
	"purser/internal/market"
	"purser/internal/wallet"
)

// TestLoadContent looks at one load from every side that pages show.
func TestLoadContent(t *testing.T) {
	t.Parallel()
	d := newDatabase(t)
	summary := d.load(t)

	t.Run("every_kind_of_event_occurs", func(t *testing.T) {
		// The demonstration has no leases, no expiry run and no transfers yet.
		later := []string{wallet.TypeLeaseCaptured, wallet.TypeExpiry, wallet.TypeTransferIn, wallet.TypeTransferOut}
		want := slices.DeleteFunc(slices.Clone(wallet.TransactionTypes), func(name string) bool { return slices.Contains(later, name) })
		want = append(want, wallet.TypeWalletOpened, wallet.TypeWalletFrozen, wallet.TypeWalletUnfrozen, wallet.TypeMembershipSet,
			campaign.TypeAdAccountOpened, campaign.TypeDeposit, campaign.TypeCampaignCreated, campaign.TypeCampaignUpdated, campaign.TypeClickCharge)
		slices.Sort(want)
		if diff := cmp.Diff(want, d.strings(t, `SELECT DISTINCT type FROM journals ORDER BY 1`)); diff != "" {
			t.Errorf("types of journals (-want +got):\n%s", diff)
		}
	})
	t.Run("only_the_planned_refusals_occur", func(t *testing.T) {
		got := d.strings(t, `SELECT DISTINCT refusal FROM idempotency_keys WHERE refusal IS NOT NULL ORDER BY 1`)
		if diff := cmp.Diff([]string{"ACCOUNT_FROZEN", "ALREADY_DONE", "GUARD_FAILED", "INSUFFICIENT_FUNDS"}, got); diff != "" {
			t.Errorf("refusals (-want +got):\n%s", diff)
		}
		if got := d.count(t, `SELECT count(*) FROM idempotency_keys WHERE refusal IS NOT NULL`); got != summary.Refusals {
			t.Errorf("refusals: %d stored, %d in the summary", got, summary.Refusals)
		}
	})
	t.Run("refusals_are_of_spends_and_of_one_budget", func(t *testing.T) {
		got := d.strings(t, `SELECT DISTINCT mutation FROM idempotency_keys WHERE refusal IS NOT NULL AND refusal <> 'GUARD_FAILED'
			UNION ALL SELECT mutation FROM idempotency_keys WHERE refusal = 'GUARD_FAILED'`)
		if diff := cmp.Diff([]string{"spendConnects", "updateCampaign"}, got); diff != "" {
			t.Errorf("refused mutations (-want +got):\n%s", diff)
		}
	})
	t.Run("owners_are_of_all_places", func(t *testing.T) {
		got := d.strings(t, `SELECT DISTINCT jurisdiction FROM owners ORDER BY 1`)
		if diff := cmp.Diff([]string{"DE", "IN", "JP", "NP", "US"}, got); diff != "" {
			t.Errorf("jurisdictions (-want +got):\n%s", diff)
		}
	})
	t.Run("revenue_is_in_both_moneys", func(t *testing.T) {
		got := d.strings(t, `SELECT DISTINCT commodity FROM trial_days WHERE class = '4000' ORDER BY 1`)
		if diff := cmp.Diff([]string{"EUR", "USD"}, got); diff != "" {
			t.Errorf("moneys of revenue (-want +got):\n%s", diff)
		}
	})

	for name, sql := range map[string]string{
		"some_promotion_expired_unspent":  `SELECT count(*) FROM lots WHERE origin = 'PROMO' AND remaining > 0 AND expires_at <= $1`,
		"some_promotion_expires_soon":     `SELECT count(*) FROM lots WHERE origin = 'PROMO' AND remaining > 0 AND expires_at > $1`,
		"some_wallet_is_frozen_at_end":    `SELECT count(*) FROM wallets WHERE freeze_reason IS NOT NULL AND frozen_at < $1`,
		"some_return_is_partial":          `SELECT count(*) FROM journals r JOIN lots_of_spends s ON s.journal_id = r.reverses WHERE r.type = 'RETURN_TOS' AND r.reversed_quantity < s.quantity AND r.posted_at <= $1`,
		"some_member_spends_from_a_pool":  `SELECT count(*) FROM journals j JOIN memberships m ON j.initiated_by = 'party:' || m.party_id WHERE m.role = 'AGENCY_MEMBER' AND j.wallet_id IN (SELECT wallet_id FROM wallets WHERE kind = 'AGENCY') AND j.posted_at <= $1`,
		"some_wallet_joined_in_the_end":   `SELECT count(*) FROM wallets WHERE opened_at > $1::timestamptz - interval '20 days'`,
		"most_wallets_were_there_before":  `SELECT greatest(0, count(*) - 45) FROM wallets WHERE opened_at < $1::timestamptz - interval '29 days'`,
		"some_lot_is_of_each_origin":      `SELECT greatest(0, count(DISTINCT origin) - 4) FROM lots WHERE expires_at > $1`,
		"some_fee_is_of_the_usual_bundle": `SELECT count(*) FROM postings p JOIN accounts a ON a.book_id = p.book_id AND a.account_id = p.debit_account WHERE a.code = '5000' AND p.amount = 65 AND p.posted_at <= $1`,
	} {
		t.Run(name, func(t *testing.T) {
			const spends = `WITH lots_of_spends AS (SELECT journal_id, -sum(quantity) AS quantity FROM lot_movements GROUP BY journal_id) `
			if d.count(t, spends+sql, endsAt) == 0 {
				t.Errorf("nothing is found by %s", sql)
			}
		})
	}
	t.Run("activity_follows_a_few_busy_wallets", func(t *testing.T) {
		busiest := d.count(t, `SELECT sum(n)::bigint FROM (SELECT count(*) AS n FROM journals WHERE type = 'PROPOSAL' GROUP BY wallet_id ORDER BY 1 DESC LIMIT 12) b`)
		if all := d.count(t, `SELECT count(*) FROM journals WHERE type = 'PROPOSAL'`); busiest*5 < all*2 {
			t.Errorf("the busiest fifth of the wallets sent %d of %d proposals, want over two fifths", busiest, all)
		}
	})
}

// TestLoadInvariants re-derives what must hold of the stored rows.
func TestLoadInvariants(t *testing.T) {
	t.Parallel()
	d := newDatabase(t)
	d.load(t)
	for name, sql := range map[string]string{
		"debits_equal_credits_I1": `SELECT count(*) FROM (SELECT a.book_id, a.commodity FROM accounts a JOIN account_balances b USING (book_id, account_id)
			GROUP BY a.book_id, a.commodity HAVING sum(b.debits) <> sum(b.credits)) x`,
		"no_floored_account_is_negative_I5": `SELECT count(*) FROM account_balances WHERE floored AND credits < debits`,
		"lots_are_the_balance_I9": `SELECT count(*) FROM (SELECT a.account_id FROM accounts a JOIN account_balances b USING (book_id, account_id)
			LEFT JOIN lots l ON l.book_id = a.book_id AND l.wallet_id = a.owner_id
			WHERE a.class = 'WALLET:*:AVAILABLE' GROUP BY a.account_id, a.owner_id, b.credits, b.debits
			HAVING coalesce(sum(l.remaining), 0) <> b.credits - b.debits + (SELECT coalesce(sum(h.reserved - h.captured - h.released), 0)
				FROM holds h WHERE h.wallet_id = a.owner_id) + (SELECT coalesce(sum(c.funded + c.credited - c.released - c.consumed), 0)
				FROM campaigns c JOIN ad_accounts p USING (book_id, ad_account_id) WHERE p.wallet_id = a.owner_id)) x`,
		"deferred_revenue_is_the_basis_of_lots_I29": `SELECT count(*) FROM (
			SELECT a.book_id, a.commodity, b.credits - b.debits AS deferred FROM accounts a JOIN account_balances b USING (book_id, account_id) WHERE a.code = '2000') d
			WHERE deferred <> (SELECT coalesce(sum(basis_remaining), 0) FROM lots l WHERE l.book_id = d.book_id AND l.money = d.commodity)`,
		"seq_is_dense_and_ids_follow_it_I18": `SELECT count(*) FROM (SELECT seq, journal_id, posted_at, row_number() OVER w AS n, lag(journal_id) OVER w AS before,
			lag(posted_at) OVER w AS posted_before FROM journals WINDOW w AS (PARTITION BY book_id ORDER BY seq)) x
			WHERE seq <> n OR before >= journal_id OR posted_before > posted_at`,
		"nothing_takes_effect_after_it_is_posted": `SELECT count(*) FROM journals WHERE effective_at > posted_at OR effective_at < posted_at - interval '181 minutes'
			- CASE WHEN type = 'CLICK_CHARGE' THEN interval '75 minutes' ELSE interval '0' END`,
		"fees_never_exceed_prices": `SELECT count(*) FROM account_balances b JOIN accounts a USING (book_id, account_id) WHERE a.code = '1010' AND b.credits > b.debits`,
	} {
		t.Run(name, func(t *testing.T) {
			if n := d.count(t, sql); n != 0 {
				t.Errorf("%d rows contradict it", n)
			}
		})
	}
	t.Run("verify_is_clean", func(t *testing.T) {
		checks, err := d.Verify(t.Context(), market.Rules())
		if err != nil {
			t.Fatal(err)
		}
		var live int
		for _, check := range checks {
			if check.Note != "" {
				continue
			}
			live++
			if !check.OK {
				t.Errorf("%s, %s: %s", check.Invariant, check.Title, check.Counterexample)
			}
		}
		if live == 0 {
			t.Error("nothing was verified")
		}
	})
}
