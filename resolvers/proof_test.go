package resolvers_test

import (
	"crypto/ed25519"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"purser/internal/obs"
	"purser/internal/postgres"
	"purser/ledger"
)

const proofQuery = `query($id: ID!) { journal(id: $id) { seq inclusionProof {
	leafIndex path root previous head firstSeq lastSeq checkpoint { seq hash signedAt publicKey signature } document } } }`

var (
	proofKey   = ed25519.NewKeyFromSeed([]byte("a key for tests, of thirty-two b"))
	otherKey   = ed25519.NewKeyFromSeed([]byte("another key of thirty-two bytes."))
	publicKeys = func(key ed25519.PrivateKey) ed25519.PublicKey {
		return key.Public().(ed25519.PublicKey) //nolint:forcetypeassert // of crypto/ed25519
	}
)

func (w *world) signHeads() {
	w.t.Helper()
	if _, err := w.db.SignCheckpoints(w.t.Context(), proofKey, w.clock()); err != nil {
		w.t.Fatal(err)
	}
}

// journalOf is the journal of a transaction.
func (w *world) journalOf(transaction string) string {
	w.t.Helper()
	id := w.data(financeToken, `query($id: ID!) { node(id: $id) { ... on Transaction { journalId } } }`, map[string]any{"id": transaction})
	return id.text("node", "journalId")
}

// The document proves its journal to who has the public key, and to nobody else; what
// is beside it says the same.
func TestInclusionProof(t *testing.T) {
	t.Parallel()
	w := newMarket(t)
	w.signHeads()
	for _, name := range []string{"purchase", "spend", "return"} {
		w.checkProof(name, 0)
	}
	// One link over all journals: paths are as long as the tree is deep.
	super := w.superuser(t, w.pg.Name)
	for _, sql := range []string{
		`DELETE FROM checkpoints`, `UPDATE batches SET root = NULL, hash = NULL`, `UPDATE book_heads SET hashed_seq = 0, hash = NULL`,
	} {
		execute(t, super, sql)
	}
	owner, err := postgres.Open(t.Context(), w.pg.OwnerURL, nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(owner.Close)
	if err := owner.SealChain(t.Context(), nil); err != nil {
		t.Fatal(err)
	}
	w.signHeads()
	for _, name := range []string{"purchase", "spend", "return"} {
		w.checkProof(name, 2)
	}
}

// checkProof compares what is shown of the proof of a transaction's journal with its
// document, which must hold; the path must have at least so many steps.
func (w *world) checkProof(name string, steps int) {
	w.t.Helper()
	id := w.journalOf(w.names[name])
	got := w.data("amy AUDITOR", proofQuery, map[string]any{"id": id})
	proof, _ := got.at("journal", "inclusionProof").(map[string]any)
	shown := object(proof)
	document := []byte(shown.text("document"))
	proven, err := ledger.CheckProof(document, publicKeys(proofKey))
	if err != nil {
		w.t.Fatalf("%s: %v\n%s", name, err, document)
	}
	if fmt.Sprint(proven.Journal.Seq) != got.text("journal", "seq") {
		w.t.Errorf("%s: the document proves seq %d, and the journal has %s", name, proven.Journal.Seq, got.text("journal", "seq"))
	}
	if _, err := ledger.CheckProof(document, publicKeys(otherKey)); err == nil {
		w.t.Errorf("%s: the document convinces who has another key", name)
	}
	whole, err := ledger.DecodeProof(document)
	if err != nil {
		w.t.Fatal(err)
	}
	path := []any{}
	for _, beside := range whole.Path {
		path = append(path, beside.String())
	}
	previous := any(nil)
	if whole.Before != nil {
		previous = whole.Previous().String()
	}
	signed := whole.Checkpoint
	want := object{
		"leafIndex": json.Number(fmt.Sprint(whole.LeafIndex())), "path": path, "root": whole.Links[0].Root.String(), "previous": previous,
		"head": whole.Head(1).String(), "firstSeq": fmt.Sprint(whole.First()), "lastSeq": fmt.Sprint(whole.Links[0].Seq), "document": string(document),
		"checkpoint": map[string]any{
			"seq": fmt.Sprint(signed.Seq), "hash": signed.Hash.String(), "signedAt": signed.SignedAt.Format(time.RFC3339Nano),
			"publicKey": base64.StdEncoding.EncodeToString(signed.PublicKey), "signature": base64.StdEncoding.EncodeToString(signed.Signature),
		},
	}
	if diff := cmp.Diff(want, shown); diff != "" {
		w.t.Errorf("%s (-document +shown):\n%s", name, diff)
	}
	if len(path) < steps {
		w.t.Errorf("%s: a path of %d steps, want %d or more", name, len(path), steps)
	}
}

// Before anybody signed there is the link without a document; before there is a link
// there is null; neither is an error.
func TestInclusionProofOfWhatIsNotSealed(t *testing.T) {
	t.Parallel()
	w := newMarket(t)
	id := map[string]any{"id": w.journalOf(w.names["spend2"])}
	got := w.data(financeToken, proofQuery, id)
	if got.at("journal", "inclusionProof", "root") == nil || got.at("journal", "inclusionProof", "checkpoint") != nil || got.at("journal", "inclusionProof", "document") != nil {
		t.Errorf("not signed: %v, want a root without checkpoint and document", got)
	}
	super := w.superuser(t, w.pg.Name)
	for _, sql := range []string{`UPDATE batches SET root = NULL, hash = NULL`, `UPDATE book_heads SET hashed_seq = 0, hash = NULL`} {
		execute(t, super, sql)
	}
	if got := w.data(financeToken, proofQuery, id); got.at("journal", "inclusionProof") != nil || got.at("journal", "seq") == nil {
		t.Errorf("not linked: %v, want the journal with null", got)
	}
}

// A row that was changed after it was hashed is an error, not a proof.
func TestInclusionProofOfAChangedRow(t *testing.T) {
	t.Parallel()
	w := newMarket(t)
	w.signHeads()
	id := map[string]any{"id": w.journalOf(w.names["spend"])}
	super := w.superuser(t, w.pg.Name)
	execute(t, super, `SET session_replication_role = replica`)
	execute(t, super, `UPDATE journals SET initiated_by = 'party:somebody else' WHERE type = 'PROPOSAL'`)
	a := w.do(financeToken, proofQuery, id)
	if a.code() != "INTERNAL" || objectOf(t, a.Data).at("journal", "inclusionProof") != nil || len(w.log.lines("field failed")) != 1 {
		t.Errorf("answer = %s, want INTERNAL and the journal without its proof", a.raw)
	}
}

// A proof costs nothing where it is not selected, the same number of statements
// wherever the journal stands, and no more of them than a response may have.
func TestStatementsOfProofs(t *testing.T) {
	t.Parallel()
	w := newBusyWallet(t)
	w.signHeads()
	rows := w.data(financeToken, `query($id: ID!) { wallet(id: $id) { transactions(first: 100) { nodes { journalId } } } }`, map[string]any{"id": w.names["wallet"]}).
		at("wallet", "transactions", "nodes").([]any)
	journals := []string{"begin_snapshot", "journals_by_id", "journal_postings", "journal_movements", "end_snapshot"}
	inclusion := []string{
		"proof_seq", "proof_link", "proof_before", "proof_checkpoint",
		"chain_journals", "chain_postings", "chain_movements", "chain_journals", "chain_postings", "chain_movements",
	}
	for fields, want := range map[string][]string{
		`seq`: journals,
		`inclusionProof @skip(if: true) { root }`:    journals,
		`inclusionProof { root checkpoint { seq } }`: append(journals[:len(journals):len(journals)], inclusion...),
		`inclusionProof { document }`:                append(append(journals[:len(journals):len(journals)], inclusion...), "proof_links"),
	} {
		for _, row := range []any{rows[50], rows[99]} {
			ctx, counter := obs.WithCounter(t.Context())
			id := row.(map[string]any)["journalId"]
			a := do(t, ctx, w.handler, request{token: financeToken, query: `query($id: ID!) { journal(id: $id) { seq ` + fields + ` } }`, variables: map[string]any{"id": id}})
			if len(a.Errors) > 0 {
				t.Fatal(a.raw)
			}
			if diff := cmp.Diff(want, counter.Names()); diff != "" {
				t.Errorf("%s (-want +got):\n%s", fields, diff)
			}
		}
	}
	const page = `query($id: ID!, $n: Int!) { wallet(id: $id) { transactions(first: $n) { nodes { journal { seq inclusionProof { root } } } } } }`
	if a := w.do(financeToken, page, map[string]any{"id": w.names["wallet"], "n": 10}); len(a.Errors) != 0 {
		t.Errorf("ten proofs: %s", a.raw)
	}
	a := w.do(financeToken, page, map[string]any{"id": w.names["wallet"], "n": 12})
	if len(a.Errors) != 2 || a.code() != "LIMIT_EXCEEDED" || a.Errors[0].Extensions["limit"] != "proofs" || a.Errors[0].Extensions["max"] != 10.0 {
		t.Errorf("twelve proofs: %s, want two refused", a.raw)
	}
}
