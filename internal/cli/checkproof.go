package cli

import (
	"context"
	"crypto/ed25519"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"time"

	"purser/ledger"
)

// proofBytesMax bounds a proof file: a million links, far more than lie between two checkpoints.
const proofBytesMax = 256 << 20

func checkProofCommand() command {
	return command{
		name:    "check-proof",
		operand: "<file>",
		line:    "check a proof with the public key, without the database",
		help: `
Checks a proof that prove printed, with the public key of the checkpoints and nothing else: no database,
no network, no environment. It says in one line what is proven, or why nothing is and exits with 1.
Get the key from whom you trust, never from where the proof came from.`,
		bind: func(flags *flag.FlagSet) action {
			key := flags.String("key", "", "the PEM `file` with the Ed25519 public key that signs checkpoints")
			return func(_ context.Context, p *Program) error { return checkProof(p, flags.Arg(0), *key) }
		},
	}
}

func checkProof(p *Program, path, keyPath string) error {
	if keyPath == "" {
		return usagef("name the public key with -key")
	}
	key, err := readPublicKey(keyPath)
	if err != nil {
		return err
	}
	proven, err := checkProofFile(path, key)
	if err != nil {
		return fmt.Errorf("proof %s: %w", path, err)
	}
	j := &proven.Journal
	_, err = fmt.Fprintf(p.Stdout, "journal %s (book %d, seq %d, %s, posted %s, %d postings, %d lot movements) is unchanged since %s\n",
		j.ID, j.Book, j.Seq, j.Template, j.PostedAt.Format(time.RFC3339Nano), len(proven.Postings), len(proven.Movements), &proven.Checkpoint)
	return err
}

func checkProofFile(path string, key ed25519.PublicKey) (*ledger.Proven, error) {
	file, err := os.Open(path) //nolint:gosec // named on the command line
	if err != nil {
		return nil, err
	}
	defer func() { _ = file.Close() }()
	data, err := io.ReadAll(io.LimitReader(file, proofBytesMax+1))
	if err != nil {
		return nil, err
	}
	if len(data) > proofBytesMax {
		return nil, errors.New("the file is too large for a proof")
	}
	return ledger.CheckProof(data, key)
}
