package postgres_test

import (
	"flag"
	"fmt"
	"os"
	"testing"

	"purser/internal/pgtest"
	"purser/ledger/ledgertest"
)

func TestMain(m *testing.M) {
	code := pgtest.Main(m)
	if err := checkModels(); code == 0 && err != nil {
		fmt.Fprintln(os.Stderr, "FAIL:", err)
		code = 1
	}
	os.Exit(code)
}

// modelCommandsPerCheck is how many commands the models of this package post at least,
// per rapid.checks: 10,000 at rapid's own 100.
const modelCommandsPerCheck = 100

// checkModels fails where a run of all tests compared less than it should with the
// in-memory model: a model test that is gone, or one that draws next to nothing, would
// not be missed otherwise.
func checkModels() error {
	for _, some := range []string{"run", "skip", "list"} {
		if flag.Lookup("test."+some).Value.String() != "" {
			return nil // not all tests were asked for
		}
	}
	checks := flag.Lookup("rapid.checks").Value.(flag.Getter).Get().(int)
	if got, want := ledgertest.ModelCommands(), int64(modelCommandsPerCheck*checks); got < want {
		return fmt.Errorf("the models posted %d commands, want %d or more", got, want)
	}
	return nil
}
