//go:build hledger

package cli_test

import (
	"bytes"
	"encoding/csv"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// hledger runs the program on an export. A machine without it fails the test: whoever asks for this
// build of the tests asks for the comparison.
func hledger(t *testing.T, journal string, args ...string) (stdout string, err error) {
	t.Helper()
	name := os.Getenv("HLEDGER")
	if name == "" {
		name = "hledger"
	}
	path, err := exec.LookPath(name)
	if err != nil {
		t.Fatalf("%v: install Debian's package hledger, or set HLEDGER to the program", err)
	}
	var out, errs bytes.Buffer
	command := exec.CommandContext(t.Context(), path, append([]string{"-f", "-"}, args...)...)
	command.Env = append(os.Environ(), "LC_ALL=C.UTF-8")
	command.Stdin, command.Stdout, command.Stderr = strings.NewReader(journal), &out, &errs
	if err := command.Run(); err != nil {
		return "", fmt.Errorf("hledger %v: %w\n%s", args, err, &errs)
	}
	return out.String(), nil
}

// TestHledger lets a program that nobody here wrote recompute every balance.
func TestHledger(t *testing.T) {
	t.Parallel()
	_, env := demoLedger(t)
	trial := trialOf(t, output(t, env, "trial-balance", "-format", "csv"))
	journal := output(t, env, "export", "-format", "hledger")

	t.Run("checks_it_strictly", func(t *testing.T) {
		t.Parallel()
		if _, err := hledger(t, journal, "check", "--strict"); err != nil {
			t.Error(err)
		}
	})
	const border = "\n    "
	declarations, postings, _ := strings.Cut(journal, border)
	for name, tampered := range map[string]string{
		"amount":    strings.Replace(postings, " CNX\n", "1 CNX\n", 1),
		"account":   strings.ReplaceAll(postings, ":CONSUMED:PROPOSAL", ":CONSUMED:OTHERS"),
		"commodity": strings.ReplaceAll(postings, " CNX\n", " CNY\n"),
	} {
		t.Run("finds_another_"+name, func(t *testing.T) {
			t.Parallel()
			if tampered == postings {
				t.Fatal("there is nothing to tamper with")
			}
			if _, err := hledger(t, declarations+border+tampered, "check", "--strict"); err == nil {
				t.Error("hledger finds nothing wrong")
			}
		})
	}
	t.Run("sums_it_to_the_trial_balance", func(t *testing.T) {
		t.Parallel()
		sums := trialLines{}
		classes := map[string]string{}
		for line := range strings.Lines(journal) {
			if m := hledgerAccount.FindStringSubmatch(strings.TrimSuffix(line, "\n")); m != nil {
				classes["book"+m[1]+":"+m[2]] = m[3]
			}
		}
		for _, side := range []string{"amt:>0", "amt:<0"} {
			table, err := hledger(t, journal, "balance", "--flat", "--no-total", "--layout", "bare", "--output-format", "csv", side)
			if err != nil {
				t.Fatal(err)
			}
			rows, err := csv.NewReader(strings.NewReader(table)).ReadAll()
			if err != nil {
				t.Fatal(err)
			}
			for _, row := range rows[1:] {
				account, commodity := row[0], row[1]
				minor := integer(t, strings.ReplaceAll(row[2], ".", ""))
				book, _, _ := strings.Cut(strings.TrimPrefix(account, "book"), ":")
				sums.add(book, classes[account], commodity, max(minor, 0), max(-minor, 0))
			}
		}
		if diff := cmp.Diff(trial, sums, cmp.AllowUnexported(trialKey{}, trialSums{})); diff != "" {
			t.Errorf("-trial balance +hledger:\n%s", diff)
		}
	})
}
