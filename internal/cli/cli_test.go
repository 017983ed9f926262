package cli_test

import (
	"strings"
	"testing"
)

func TestCommandLine(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name string
		args []string
		code int
		says string
	}{
		{"unknown_command_is_2", []string{"srve"}, 2, `there is no command "srve"`},
		{"unknown_flag_is_2", []string{"verify", "-fast"}, 2, "-fast"},
		{"unknown_flag_of_the_default_command_is_2", []string{"-fast"}, 2, "-fast"},
		{"stray_argument_is_2", []string{"migrate", "up"}, 2, `unexpected argument "up"`},
		{"flag_without_a_number_is_2", []string{"demo", "-wallets", "many"}, 2, "-wallets"},
		{"too_few_wallets_is_2", []string{"demo", "-wallets", "0"}, 2, "-wallets must be"},
		{"negative_campaigns_is_2", []string{"demo", "-campaigns", "-1"}, 2, "-campaigns must be 0 to"},
		{"too_many_days_is_2", []string{"demo", "-days", "100000"}, 2, "-days must be"},
		{"token_for_nobody_is_2", []string{"token"}, 2, "name -role and -subject"},
		{"unknown_role_is_2", []string{"token", "-role", "ROOT", "-subject", "x"}, 2, `no role "ROOT"`},
		{"unknown_persona_is_2", []string{"token", "-persona", "king"}, 2, `no persona "king"`},
		{"persona_and_role_is_2", []string{"token", "-persona", "finance", "-role", "FINANCE"}, 2, "either -persona or"},
		{"negative_ttl_is_2", []string{"token", "-persona", "finance", "-ttl", "-1h"}, 2, "-ttl must be above 0"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			got := run(t, environ("PURSER_DATA_DIR="+t.TempDir()), c.args...)
			if got.code != c.code || !strings.Contains(got.stderr, c.says) {
				t.Errorf("code = %d, stderr = %q, want %d and %q", got.code, got.stderr, c.code, c.says)
			}
			if got.stdout != "" {
				t.Errorf("stdout = %q, want nothing", got.stdout)
			}
		})
	}
}

func TestHelp(t *testing.T) {
	t.Parallel()
	commands := []string{"serve", "migrate", "demo", "token", "verify", "export", "trial-balance", "prove", "check-proof", "checkpoint", "events", "prune", "version"}
	for _, args := range [][]string{{"-h"}, {"--help"}, {"help"}} {
		got := run(t, environ(), args...)
		if got.code != 0 || got.stderr != "" {
			t.Errorf("%v: code = %d, stderr = %q, want 0 and nothing", args, got.code, got.stderr)
		}
		for _, command := range commands {
			if !strings.Contains(got.stdout, "\n  "+command+" ") {
				t.Errorf("%v does not list %s:\n%s", args, command, got.stdout)
			}
		}
	}
	for _, command := range commands {
		t.Run(command, func(t *testing.T) {
			t.Parallel()
			got := run(t, environ(), command, "-h")
			if got.code != 0 || got.stderr != "" || !strings.HasPrefix(got.stdout, "Usage: purser "+command) {
				t.Errorf("code = %d, stderr = %q, stdout = %q, want 0, nothing and a usage line", got.code, got.stderr, got.stdout)
			}
		})
	}
}

func TestMistakesInTheEnvironmentAreToldTogether(t *testing.T) {
	t.Parallel()
	got := run(t, environ("PURSER_MODE=production", "PURSER_ADDR=nowhere", "PURSER_AUDIENCE=x"), "serve")
	if got.code != 1 {
		t.Errorf("code = %d, want 1", got.code)
	}
	for _, name := range []string{
		"DATABASE_URL", "PURSER_ADDR", "PURSER_AUDIENCE", "PURSER_JWKS_URL", "PURSER_JWT_ISSUER", "PURSER_JWT_AUDIENCE",
	} {
		if !strings.Contains(got.stderr, name+" ") {
			t.Errorf("stderr does not name %s:\n%s", name, got.stderr)
		}
	}
}

func TestVersion(t *testing.T) {
	t.Parallel()
	got := run(t, environ(), "version")
	lines := strings.Split(got.stdout, "\n")
	if got.code != 0 || len(lines) != 4 || !strings.HasPrefix(lines[0], "purser ") ||
		!strings.HasPrefix(lines[1], "go1.") || !strings.HasPrefix(lines[2], "schema ") {
		t.Errorf("code = %d, stdout = %q, want the versions of purser, Go and the schema", got.code, got.stdout)
	}
}
