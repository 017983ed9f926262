package postgres_test

import (
	"context"
	"fmt"
	"os"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"purser/internal/domain"
	"purser/internal/market"
	"purser/internal/pgtest"
	"purser/internal/postgres"
	"purser/internal/wallet"
	"purser/ledger"
)

// history is a database with a little of everything that the ledger can post.
type history struct {
	t      *testing.T
	db     *postgres.DB
	ledger *ledger.Ledger
	owner  string
	spend  ledger.ID

	service *wallet.Service
	caller  domain.Caller
}

func newHistory(t *testing.T) *history {
	t.Helper()
	database := pgtest.New(t)
	db, err := postgres.Open(t.Context(), database.AppURL, nil)
	if err != nil {
		t.Fatal(err)
	}
	rules := market.Rules()
	h := &history{t: t, db: db, owner: database.OwnerURL, ledger: ledger.New(ledger.Config{Rules: rules, Store: db.NewStore(rules), Clock: time.Now})}
	t.Cleanup(func() {
		if err := h.ledger.Close(context.Background()); err != nil {
			t.Error(err)
		}
		db.Close()
	})
	caller := domain.Caller{Principal: "service:test", All: true}
	service := wallet.NewService(h.ledger, db.NewReader(time.Now), time.Now, func() ledger.ID { return ledger.ID(uuid.Must(uuid.NewV7())) })
	h.service, h.caller = service, caller
	opened := h.must(service.Open(t.Context(), caller, wallet.Open{
		Key: "open-wallet", Owner: ledger.ID(uuid.New()), OwnerKind: domain.OwnerParty, Kind: wallet.KindFreelancer, Jurisdiction: "US", TimeZone: "America/New_York",
	})).Wallet
	h.must(service.Purchase(t.Context(), caller, wallet.Purchase{Key: "purchase-1", Wallet: opened, Quantity: 80, Price: 1200, Fee: 65, Currency: ledger.USD, Reference: "ref-1"}))
	h.must(service.Grant(t.Context(), caller, wallet.Grant{Key: "grant-promo", Wallet: opened, Quantity: 10, Origin: ledger.OriginPromo, ValidDays: 30, EffectiveAt: time.Now().AddDate(0, 0, -1), Explanation: domain.Explanation{Rule: "PROMO"}}))
	spent := h.must(service.Spend(t.Context(), caller, wallet.Spend{Key: "spend-one", Wallet: opened, Quantity: 12, Subject: ledger.Subject{Type: "PROPOSAL", ID: uuid.NewString()}}))
	h.spend = spent.Outcome.Journal
	h.must(service.Reverse(t.Context(), caller, wallet.Reverse{Key: "return-one", Transaction: wallet.TransactionRef{Wallet: opened, Journal: h.spend}, Quantity: 5, Reason: "RETURN_TOS"}))
	refused, err := service.Spend(t.Context(), caller, wallet.Spend{Key: "spend-two", Wallet: opened, Quantity: 1200, Subject: ledger.Subject{Type: "PROPOSAL", ID: uuid.NewString()}})
	if err != nil || refused.Outcome.Refusal == nil {
		t.Fatalf("spend of more than there is: got %+v, %v, want a refusal", refused, err)
	}
	h.must(service.Freeze(t.Context(), caller, wallet.Freeze{Key: "freeze-one", Wallet: opened, Reason: "DISPUTE"}))
	return h
}

func (h *history) must(result wallet.Result, err error) wallet.Result {
	h.t.Helper()
	if err != nil || result.Outcome.Refusal != nil {
		h.t.Fatalf("post: %v, refusal %v", err, result.Outcome.Refusal)
	}
	return result
}

// write opens a wallet and posts journals on it, one after another.
func (h *history) write(journals int) {
	owner := ledger.ID(uuid.New())
	opened, err := h.service.Open(h.t.Context(), h.caller, wallet.Open{
		Key: "open-wallet", Owner: owner, OwnerKind: domain.OwnerParty, Kind: wallet.KindFreelancer, Jurisdiction: "NP", TimeZone: "Asia/Kathmandu",
	})
	if err != nil {
		h.t.Error(err)
		return
	}
	for i := range journals {
		key := fmt.Sprintf("journal-%d", i)
		if i%4 == 0 {
			_, err = h.service.Purchase(h.t.Context(), h.caller, wallet.Purchase{Key: key, Wallet: opened.Wallet, Quantity: 7, Price: 100, Currency: ledger.USD, Reference: uuid.NewString()})
		} else {
			_, err = h.service.Spend(h.t.Context(), h.caller, wallet.Spend{Key: key, Wallet: opened.Wallet, Quantity: 2, Subject: ledger.Subject{Type: "PROPOSAL", ID: uuid.NewString()}})
		}
		if err != nil {
			h.t.Error(err)
			return
		}
	}
}

// failures returns the invariants that do not hold.
func (h *history) failures() []string {
	h.t.Helper()
	return h.failuresOf(postgres.VerifyOptions{})
}

// failuresOf returns the same of a verification with options.
func (h *history) failuresOf(o postgres.VerifyOptions) []string {
	h.t.Helper()
	report, err := h.db.VerifyReport(h.t.Context(), market.Rules(), o)
	if err != nil {
		h.t.Fatal(err)
	}
	var failed []string
	for _, check := range report.Checks {
		if check.Note == "" && !check.OK {
			h.t.Logf("%s: %s", check.Invariant, check.Counterexample)
			failed = append(failed, check.Invariant)
		}
	}
	return failed
}

func TestVerify(t *testing.T) {
	t.Parallel()
	t.Run("a_true_history_is_clean", func(t *testing.T) {
		t.Parallel()
		if failed := newHistory(t).failures(); len(failed) > 0 {
			t.Errorf("got %v, want nothing", failed)
		}
	})
	t.Run("a_history_that_is_being_written_is_clean", func(t *testing.T) {
		t.Parallel()
		h := newHistory(t)
		var writers sync.WaitGroup
		for range 4 {
			writers.Go(func() { h.write(200) })
		}
		finished := make(chan struct{})
		go func() { writers.Wait(); close(finished) }()
		for running := true; running; {
			select {
			case <-finished:
				running = false // and once more, over all of it
			default:
			}
			if failed := h.failures(); len(failed) > 0 {
				t.Fatalf("got %v, want nothing", failed)
			}
		}
	})
	for _, tampering := range []struct{ name, statement, invariant string }{
		{"balance", `UPDATE account_balances SET credits = credits + 1 WHERE account_id IN (SELECT account_id FROM accounts WHERE code = '4000')`, "I1 I2"},
		{"balance_version", `UPDATE account_balances SET version = version + 1 WHERE account_id IN (SELECT account_id FROM accounts WHERE code = '4000')`, "I2"},
		{"posting_amount", `UPDATE postings SET amount = amount + 1 WHERE line = 0`, "I2 I4 I22"},
		{"posting_balance", `UPDATE postings SET credit_balance = credit_balance + 1 WHERE line = 1`, "I4"},
		{"posting_version", `UPDATE postings SET debit_version = debit_version + 1 WHERE line = 1`, "I4"},
		{"posting_net", `UPDATE postings SET debit_net = 7 WHERE line = 0`, "I22"},
		{"posting_removed", `DELETE FROM postings WHERE line = 2`, "I2 I22"},
		{"floor", `ALTER TABLE account_balances DROP CONSTRAINT account_balances_floor;
			UPDATE account_balances SET debits = debits + 1000 WHERE floored`, "I2 I5"},
		{"lot_remaining", `UPDATE lots SET remaining = remaining - 1 WHERE origin = 'PURCHASE'`, "I9"},
		{"lot_basis", `UPDATE lots SET basis_remaining = basis_remaining - 1 WHERE origin = 'PURCHASE'`, "I9 I29"},
		{"lot_place", `UPDATE lot_places SET quantity = quantity + 1 WHERE quantity > 20`, "I9"},
		{"lot_removed", `DELETE FROM lots WHERE origin = 'PROMO'`, "I22"},
		{"movement_of_another_lot", `UPDATE lot_movements m SET quantity = quantity - 1 WHERE quantity < 0 AND line = 0`, "I10 I9"},
		{"reversal_of_another_amount", `UPDATE lot_movements m SET basis = basis + 1 WHERE line = 0 AND journal_id IN (SELECT journal_id FROM journals WHERE reverses IS NOT NULL)`, "I11"},
		{"arguments", `UPDATE journals SET arguments = '\x00' WHERE seq = 3`, "I10"},
		{"reversed_too_much", `UPDATE journals SET reversed_quantity = 13 WHERE reverses IS NOT NULL`, "I17"},
		{"journal_removed", `DELETE FROM journals WHERE seq = 5`, "I18"},
		{"posted_before_its_predecessor", `UPDATE journals SET posted_at = posted_at - interval '1 day' WHERE seq = 5`, "I18"},
		{"batch_removed", `DELETE FROM batches WHERE last_seq = 3`, "I18"},
		{"back_dated", `UPDATE account_back_dated SET debits = debits + 1 WHERE debits > 0`, "I22"},
		{"back_dated_removed", `DELETE FROM account_back_dated WHERE debits > 0`, "I22"},
		{"trial_day", `UPDATE trial_days SET credits = credits + 1 WHERE class = '2000'`, "I22"},
		{"wallet_spend", `UPDATE wallet_spend SET consumed = consumed + 1`, "I22"},
		{"wallet_spend_removed", `DELETE FROM wallet_spend`, "I22"},
		{"status", `UPDATE account_balances SET status = 'ACTIVE'`, "I22"},
		{"type", `UPDATE journals SET type = 'PROMO_GRANT' WHERE type = 'PURCHASE'`, "I22"},
		{"key_of_another_seq", `UPDATE idempotency_keys SET seq = 99 WHERE seq = 2`, "I12"},
		{"refusal_that_cannot_be_told", `UPDATE idempotency_keys SET facts = '\x07' WHERE refusal IS NOT NULL`, "I12"},
		{"once_without_journal", `UPDATE once_keys SET journal_id = gen_random_uuid() WHERE once_key LIKE 'spend:%'`, "I12"},
		{"issued", `UPDATE account_balances SET debits = debits + 5 WHERE account_id IN (SELECT account_id FROM accounts WHERE code = 'ISSUED:PROMO')`, "I1 I2 I30"},
	} {
		t.Run(tampering.name+"_is_found", func(t *testing.T) {
			t.Parallel()
			h := newHistory(t)
			tamper(t, h.owner, tampering.statement)
			failed := h.failures()
			for invariant := range strings.FieldsSeq(tampering.invariant) {
				if !slices.Contains(failed, invariant) {
					t.Errorf("got %v, want %s among them", failed, invariant)
				}
			}
		})
	}
}

// What verify lists is what the ledger's documentation lists, and nothing is left to come.
func TestVerifyListsTheInvariantsOfTheLedger(t *testing.T) {
	t.Parallel()
	source, err := os.ReadFile("../../ledger/doc.go")
	if err != nil {
		t.Fatal(err)
	}
	var documented []string
	for _, line := range regexp.MustCompile(`(?m)^//   - (I\d+)( \(later\))?:`).FindAllStringSubmatch(string(source), -1) {
		documented = append(documented, line[1])
		if line[2] != "" {
			t.Errorf("%s is documented as later, and verified", line[1])
		}
	}
	if diff := cmp.Diff(documented, postgres.Invariants()); diff != "" {
		t.Errorf("invariants (-documented +listed):\n%s", diff)
	}
}

// tamper changes rows as nobody but the owner of the tables could.
func tamper(t *testing.T, ownerURL, statement string) {
	t.Helper()
	if rows := execAsOwner(t, ownerURL, statement); rows == 0 {
		t.Fatalf("%s: changed nothing", statement)
	}
}

func execAsOwner(t *testing.T, ownerURL, statement string) (rows int64) {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), ownerURL)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(context.Background())
	tag, err := conn.Exec(t.Context(), statement)
	if err != nil {
		t.Fatalf("%s: %v", statement, err)
	}
	return tag.RowsAffected()
}
