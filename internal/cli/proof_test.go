package cli_test

import (
	"encoding/base64"
	"encoding/binary"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"purser/internal/pgtest"
	"purser/ledger"
)

// checkpointKeyFile is a file with a private key for checkpoints.
func checkpointKeyFile(t *testing.T) string {
	t.Helper()
	const private = "-----BEGIN PRIVATE KEY-----\nMC4CAQAwBQYDK2VwBCIEIAcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcH\n-----END PRIVATE KEY-----\n"
	return keep(t, "sign.pem", private)
}

// keep writes a file that only its owner reads, and returns its path.
func keep(t *testing.T, name, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestProveAndCheck(t *testing.T) {
	t.Parallel()
	db := pgtest.New(t)
	if got := run(t, databases(db), smallDemo...); got.code != 0 {
		t.Fatalf("demo = %+v", got)
	}
	env := append(databases(db), "PURSER_CHECKPOINT_KEY_FILE="+checkpointKeyFile(t))
	journal := value[string](t, db.SuperURL, `SELECT journal_id::text FROM journals WHERE template = 'SPEND' ORDER BY book_id, seq LIMIT 1`)
	book := value[int32](t, db.SuperURL, `SELECT book_id FROM journals WHERE journal_id = '`+journal+`'`)
	key := keep(t, "public.pem", output(t, env, "checkpoint", "-public-key"))

	t.Run("nothing_signed_says_what_to_do", func(t *testing.T) {
		got := run(t, env, "prove", journal)
		if got.code != 1 || got.stdout != "" || !strings.Contains(got.stderr, "run purser checkpoint") {
			t.Fatalf("prove = %+v", got)
		}
	})
	first := output(t, env, "checkpoint")
	lines := strings.Split(strings.TrimSuffix(first, "\n"), "\n")
	t.Run("checkpoint_prints_what_it_signed_once", func(t *testing.T) {
		if int64(len(lines)) != value[int64](t, db.SuperURL, `SELECT count(*) FROM book_heads WHERE seq > 0`) {
			t.Errorf("got %d lines:\n%s", len(lines), first)
		}
		for _, line := range lines {
			if checkpoint, err := ledger.DecodeCheckpoint([]byte(line)); err != nil || !checkpoint.Valid() {
				t.Errorf("%v: %s", err, line)
			}
		}
		for _, args := range [][]string{{"checkpoint"}, {"checkpoint", "-all"}} {
			if again := output(t, env, args...); again != first {
				t.Errorf("%v: got\n%s, want\n%s", args, again, first)
			}
		}
	})
	proof := output(t, databases(db), "prove", journal)
	file := keep(t, "proof.json", proof)
	t.Run("proof_holds_without_a_database", func(t *testing.T) {
		for _, args := range [][]string{{"check-proof", file, "-key", key}, {"check-proof", "-key", key, file}} {
			got := output(t, []string{"DATABASE_URL=nonsense"}, args...)
			if !strings.HasPrefix(got, "journal "+journal) || !strings.Contains(got, "is unchanged since the checkpoint of book") || strings.Count(got, "\n") != 1 {
				t.Errorf("got %q", got)
			}
		}
	})
	t.Run("opaque_id", func(t *testing.T) {
		id, err := ledger.ParseID(journal)
		if err != nil {
			t.Fatal(err)
		}
		opaque := append(binary.BigEndian.AppendUint32([]byte{1, 4}, uint32(book)), id[:]...)
		if got := output(t, databases(db), "prove", base64.RawURLEncoding.EncodeToString(opaque)); got != proof {
			t.Errorf("got\n%s, want\n%s", got, proof)
		}
	})
	const other = "-----BEGIN PUBLIC KEY-----\nMCowBQYDK2VwAyEAGb9ECWmEzf6FQbrBZ9w7lshQhqowtrbLDFw4rXAxZuE=\n-----END PUBLIC KEY-----\n"
	for _, c := range []struct {
		name, file, key, says string
		code                  int
	}{
		{"another_key", file, keep(t, "other.pem", other), "signed with another key", 1},
		{"changed_proof", keep(t, "changed.json", strings.Replace(proof, `"seq": `, `"seq": 1`, 1)), key, "does not hold", 1},
		{"no_proof", keep(t, "empty.json", ""), key, "malformed proof", 1},
		{"no_file", file + "x", key, "no such file", 1},
		{"no_key_file", file, key + "x", "no such file", 1},
		{"private_key", file, checkpointKeyFile(t), "no public key", 1},
		{"key_not_PEM", file, file, "not PEM", 1},
		{"no_key", file, "", "-key", 2},
	} {
		t.Run("check_refuses_"+c.name, func(t *testing.T) {
			got := run(t, nil, "check-proof", c.file, "-key", c.key)
			if got.code != c.code || got.stdout != "" || !strings.Contains(got.stderr, c.says) {
				t.Errorf("check-proof = %+v, want %d and %q", got, c.code, c.says)
			}
		})
	}
	for _, c := range []struct {
		name, says string
		args       []string
		code       int
	}{
		{"no_id", "<journal id> is missing", []string{"prove"}, 2},
		{"two_ids", "unexpected argument", []string{"prove", journal, journal}, 2},
		{"malformed_id", "no id of a journal", []string{"prove", "x"}, 2},
		{"id_of_something_else", "no id of a journal", []string{"prove", base64.RawURLEncoding.EncodeToString(append([]byte{1, 1}, make([]byte, 20)...))}, 2},
		{"unknown_id", "there is no such journal", []string{"prove", "00000000-0000-4000-8000-000000000000"}, 1},
	} {
		t.Run("prove_refuses_"+c.name, func(t *testing.T) {
			got := run(t, databases(db), c.args...)
			if got.code != c.code || got.stdout != "" || !strings.Contains(got.stderr, c.says) {
				t.Errorf("prove = %+v, want %d and %q", got, c.code, c.says)
			}
		})
	}
}

func TestCheckpointKey(t *testing.T) {
	t.Parallel()
	t.Run("of_development_is_made_once", func(t *testing.T) {
		t.Parallel()
		env := environ("PURSER_DATA_DIR=" + dataDir(t))
		keys := make([]string, 4)
		var starting sync.WaitGroup
		for i := range keys {
			starting.Go(func() { keys[i] = run(t, env, "checkpoint", "-public-key").stdout })
		}
		starting.Wait()
		for _, key := range keys {
			if key != keys[0] || !strings.Contains(key, "PUBLIC KEY") {
				t.Errorf("got %q, want %q", key, keys[0])
			}
		}
	})
	open := checkpointKeyFile(t)
	if err := os.Chmod(open, 0o644); err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct{ path, says string }{
		"open_to_others": {open, "chmod 600"},
		"not_PEM":        {keep(t, "x.pem", "x"), "not PEM"},
		"public":         {keep(t, "y.pem", "-----BEGIN PUBLIC KEY-----\nMCowBQYDK2VwAyEAGb9ECWmEzf6FQbrBZ9w7lshQhqowtrbLDFw4rXAxZuE=\n-----END PUBLIC KEY-----\n"), "no private key"},
		"missing":        {filepath.Join(t.TempDir(), "none"), "no such file"},
	} {
		t.Run(name+"_is_refused", func(t *testing.T) {
			t.Parallel()
			got := run(t, environ("PURSER_CHECKPOINT_KEY_FILE="+c.path), "checkpoint", "-public-key")
			if got.code != 1 || got.stdout != "" || !strings.Contains(got.stderr, c.says) {
				t.Errorf("checkpoint = %+v, want %q", got, c.says)
			}
		})
	}
	t.Run("production_needs_it", func(t *testing.T) {
		t.Parallel()
		got := run(t, environ("PURSER_MODE=production", "DATABASE_URL=postgres://purser_app@db/purser"), "checkpoint")
		if got.code != 1 || !strings.Contains(got.stderr, "PURSER_CHECKPOINT_KEY_FILE is missing") {
			t.Errorf("checkpoint = %+v", got)
		}
	})
}
