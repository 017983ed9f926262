package cli

import (
	"context"
	"encoding/base64"
	"flag"
	"fmt"

	"purser/internal/postgres"
	"purser/ledger"
)

func proveCommand() command {
	return command{
		name:    "prove",
		operand: "<journal id>",
		line:    "print a proof that a journal is under a signed head",
		help: `
Prints a proof that a journal, with its postings and lot movements, is what the hash chain of its book
had when a head of the chain was signed. Who has the public key checks it with check-proof, without the
database. The id is the journal's uuid, or what the API calls its id.

Environment:
  DATABASE_URL     the database, as purser_app or any role that may read all tables; required in production
  PURSER_DATA_DIR  where the private PostgreSQL is when DATABASE_URL is unset; it is started for the
                   time of the reading unless a server runs already
  PURSER_MODE      development (the default) or production`,
		bind: func(flags *flag.FlagSet) action {
			return func(ctx context.Context, p *Program) error { return prove(ctx, p, flags.Arg(0)) }
		},
	}
}

func prove(ctx context.Context, p *Program, text string) error {
	id, err := journalID(text)
	if err != nil {
		return err
	}
	return p.withReader(ctx, func(ctx context.Context, db *postgres.DB) error {
		book, err := db.BookOfJournal(ctx, id)
		if err != nil {
			return err
		}
		proof, err := db.Proof(ctx, book, id)
		if err != nil {
			return err
		}
		if proof.Checkpoint == nil {
			return fmt.Errorf("no signed checkpoint covers journal %s (book %d, seq %d) yet: run %s checkpoint, then prove it again",
				id, book, proof.Seq, p.Name)
		}
		file, err := proof.Encode()
		if err != nil {
			return err
		}
		_, err = p.Stdout.Write(file)
		return err
	})
}

// The opaque id of a journal: a version, the type, four bytes of book, and the uuid, in unpadded
// base64url. Ids outlive what reads them, so that this is not the only place that knows the form.
const (
	journalIDVersion = 1
	journalIDType    = 4
	journalIDBytes   = 1 + 1 + 4 + 16
)

// journalID reads a journal's uuid or opaque id.
func journalID(text string) (ledger.ID, error) {
	if id, err := ledger.ParseID(text); err == nil {
		return id, nil
	}
	data, err := base64.RawURLEncoding.DecodeString(text)
	if err != nil || len(data) != journalIDBytes || data[0] != journalIDVersion || data[1] != journalIDType {
		return ledger.NilID, usagef("%q is no id of a journal: give its uuid, or the id that the API has for it", text)
	}
	return ledger.ID(data[journalIDBytes-16:]), nil
}
