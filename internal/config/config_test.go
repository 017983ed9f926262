package config_test

import (
	"bytes"
	"errors"
	"fmt"
	"log/slog"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"purser/internal/config"
)

const (
	appURL   = "DATABASE_URL=postgres://purser_app:hunter2@db/purser"
	ownerURL = "PURSER_MIGRATE_DATABASE_URL=postgres://purser_owner:hunter3@db/purser"
)

// production is an environment in which serve starts.
func production(more ...string) []string {
	return append([]string{
		"PURSER_MODE=production", appURL, "PURSER_JWKS_URL=https://id.example/keys",
		"PURSER_JWT_ISSUER=https://id.example", "PURSER_JWT_AUDIENCE=purser", "PURSER_ADDR=:8443",
		"PURSER_CHECKPOINT_KEY_FILE=sign.pem",
	}, more...)
}

func TestLoad(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		command config.Command
		environ []string
		want    config.Config
	}{
		"development_needs_nothing": {config.Serve, []string{"HOME=/x", "PURSER_MODE="}, config.Config{
			Mode: config.Development, Addr: "127.0.0.1:8080", AdminAddr: "127.0.0.1:8081",
		}},
		"development_in_full": {config.Serve, []string{
			appURL, ownerURL, "PURSER_ADDR=[::1]:0", "PURSER_ADMIN_ADDR=localhost:0", "PURSER_DATA_DIR=/var/lib/p/../purser",
			"PURSER_ALLOWED_ORIGINS= https://shop.example , http://localhost:5173,,https://shop.example",
			"PURSER_JWT_PUBLIC_KEY_FILE=key.pem", "PURSER_JWT_ISSUER=i", "PURSER_JWT_AUDIENCE=a", "PURSER_TEST_SERVER=x",
		}, config.Config{
			Mode: config.Development, DatabaseURL: "postgres://purser_app:hunter2@db/purser",
			MigrateDatabaseURL: "postgres://purser_owner:hunter3@db/purser",
			Addr:               "[::1]:0", AdminAddr: "localhost:0", DataDir: "/var/lib/purser",
			AllowedOrigins:   []string{"https://shop.example", "http://localhost:5173"},
			JWTPublicKeyFile: "key.pem", JWTIssuer: "i", JWTAudience: "a",
		}},
		"production_serve_does_not_read_the_owner": {config.Serve, production(ownerURL), config.Config{
			Mode: config.Production, DatabaseURL: "postgres://purser_app:hunter2@db/purser",
			Addr: ":8443", AdminAddr: "127.0.0.1:8081", JWKSURL: "https://id.example/keys",
			JWTIssuer: "https://id.example", JWTAudience: "purser", CheckpointKeyFile: "sign.pem",
		}},
		"production_checkpoint_reads_its_key_and_no_other": {config.Checkpoint, production(), config.Config{
			Mode: config.Production, DatabaseURL: "postgres://purser_app:hunter2@db/purser", CheckpointKeyFile: "sign.pem",
		}},
		"development_checkpoint_needs_no_key": {config.Checkpoint, nil, config.Config{Mode: config.Development}},
		"jobs_off":                            {config.Serve, []string{"PURSER_JOBS=off"}, config.Config{Mode: config.Development, Addr: "127.0.0.1:8080", AdminAddr: "127.0.0.1:8081", NoJobs: true}},
		"production_migrate_reads_the_owner_only": {config.Migrate, production(ownerURL), config.Config{
			Mode: config.Production, MigrateDatabaseURL: "postgres://purser_owner:hunter3@db/purser",
		}},
		"production_verify_needs_no_keys": {config.Verify, []string{"PURSER_MODE=production", appURL, ownerURL}, config.Config{
			Mode: config.Production, DatabaseURL: "postgres://purser_app:hunter2@db/purser",
		}},
		"development_token_reads_no_address": {config.Token, []string{"PURSER_ADDR=nonsense", ownerURL}, config.Config{
			Mode: config.Development,
		}},
		"development_migrate_with_either_URL": {config.Migrate, []string{appURL}, config.Config{
			Mode: config.Development, DatabaseURL: "postgres://purser_app:hunter2@db/purser",
		}},
		"development_migrate_with_the_owner_alone": {config.Migrate, []string{ownerURL}, config.Config{
			Mode: config.Development, MigrateDatabaseURL: "postgres://purser_owner:hunter3@db/purser",
		}},
		"socket_URL": {config.Demo, []string{"DATABASE_URL=postgresql:///purser?host=/run/x"}, config.Config{
			Mode: config.Development, DatabaseURL: "postgresql:///purser?host=/run/x",
		}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, err := config.Load(c.command, c.environ)
			if err != nil {
				t.Fatalf("Load: %v", err)
			}
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Errorf("config (-want +got):\n%s", diff)
			}
		})
	}
}

func TestLoadRefuses(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("x", 500)
	for name, c := range map[string]struct {
		command config.Command
		environ []string
		want    []string // the beginning of each problem, in order
	}{
		"unknown_mode":            {config.Serve, []string{"PURSER_MODE=prod"}, []string{`PURSER_MODE is "prod"`}},
		"mode_in_capitals":        {config.Serve, []string{"PURSER_MODE=Production"}, []string{`PURSER_MODE is "Production"`}},
		"misspelt_variable":       {config.Serve, []string{"PURSER_ADRR=:1"}, []string{"PURSER_ADRR is not a variable"}},
		"public_development":      {config.Serve, []string{"PURSER_ADDR=0.0.0.0:8080"}, []string{`PURSER_ADDR is "0.0.0.0:8080"`}},
		"every_interface":         {config.Serve, []string{"PURSER_ADDR=:8080"}, []string{`PURSER_ADDR is ":8080"`}},
		"named_host":              {config.Serve, []string{"PURSER_ADDR=box.example:8080"}, []string{"PURSER_ADDR"}},
		"no_port":                 {config.Serve, []string{"PURSER_ADDR=127.0.0.1"}, []string{`PURSER_ADDR is "127.0.0.1"; set it to host:port`}},
		"port_too_large":          {config.Serve, []string{"PURSER_ADDR=127.0.0.1:65536"}, []string{"PURSER_ADDR"}},
		"port_by_name":            {config.Serve, []string{"PURSER_ADDR=127.0.0.1:http"}, []string{"PURSER_ADDR"}},
		"address_as_URL":          {config.Serve, []string{"PURSER_ADMIN_ADDR=http://127.0.0.1:1"}, []string{"PURSER_ADMIN_ADDR"}},
		"public_admin":            {config.Serve, production("PURSER_ADMIN_ADDR=0.0.0.0:9"), []string{`PURSER_ADMIN_ADDR is "0.0.0.0:9"`}},
		"one_address_for_both":    {config.Serve, []string{"PURSER_ADMIN_ADDR=127.0.0.1:8080"}, []string{"PURSER_ADMIN_ADDR is the same"}},
		"database_not_a_URL":      {config.Serve, []string{"DATABASE_URL=host=db password=hunter2"}, []string{"DATABASE_URL is not a URL"}},
		"database_of_another":     {config.Serve, []string{"DATABASE_URL=mysql://u:hunter2@db/x"}, []string{"DATABASE_URL is not a URL"}},
		"database_unparsable":     {config.Serve, []string{"DATABASE_URL=postgres://u:hunter2%zz@db/x"}, []string{"DATABASE_URL is not a URL"}},
		"database_bad_query":      {config.Serve, []string{"DATABASE_URL=postgres://db/x?password=hunter2%zz"}, []string{"DATABASE_URL has a malformed query"}},
		"owner_without_app_demo":  {config.Demo, []string{ownerURL}, []string{"DATABASE_URL is missing although"}},
		"owner_without_app":       {config.Serve, []string{ownerURL}, []string{"DATABASE_URL is missing although"}},
		"both_key_sources":        {config.Serve, production("PURSER_JWT_PUBLIC_KEY_FILE=k"), []string{"PURSER_JWKS_URL and"}},
		"key_without_audience":    {config.Serve, []string{"PURSER_JWT_PUBLIC_KEY_FILE=k", "PURSER_JWT_ISSUER=i"}, []string{"PURSER_JWT_AUDIENCE is missing"}},
		"issuer_without_key":      {config.Serve, []string{"PURSER_JWT_ISSUER=i"}, []string{"PURSER_JWKS_URL or"}},
		"JWKS_no_scheme":          {config.Serve, production("PURSER_JWKS_URL=id.example/keys"), []string{"PURSER_JWKS_URL is not"}},
		"JWKS_file":               {config.Serve, production("PURSER_JWKS_URL=file:///keys"), []string{"PURSER_JWKS_URL is not"}},
		"development_issuer":      {config.Serve, production("PURSER_JWT_ISSUER=purser-development"), []string{"PURSER_JWT_ISSUER is purser-development"}},
		"production_with_nothing": {config.Serve, []string{"PURSER_MODE=production"}, []string{"DATABASE_URL is missing", "PURSER_JWKS_URL or", "PURSER_JWT_ISSUER is missing", "PURSER_JWT_AUDIENCE is missing", "PURSER_CHECKPOINT_KEY_FILE is missing"}},
		"jobs_maybe":              {config.Serve, []string{"PURSER_JOBS=sometimes"}, []string{`PURSER_JOBS is "sometimes"; set it to on or off`}},
		"production_checkpoint":   {config.Checkpoint, []string{"PURSER_MODE=production", appURL}, []string{"PURSER_CHECKPOINT_KEY_FILE is missing; production needs a PEM file"}},
		"production_migrate":      {config.Migrate, []string{"PURSER_MODE=production", appURL}, []string{"PURSER_MIGRATE_DATABASE_URL is missing"}},
		"production_verify":       {config.Verify, []string{"PURSER_MODE=production"}, []string{"DATABASE_URL is missing"}},
		"production_demo":         {config.Demo, production(), []string{"PURSER_MODE is production, where there is no sub-command demo"}},
		"production_token":        {config.Token, production(), []string{"PURSER_MODE is production, where there is no sub-command token"}},
		"long_value":              {config.Serve, []string{"PURSER_MODE=" + long}, []string{`PURSER_MODE is "` + strings.Repeat("x", 80) + `"…`}},
		"value_with_newline":      {config.Serve, []string{"PURSER_MODE=a\nb"}, []string{`PURSER_MODE is "a\nb"`}},
		"many_at_once": {config.Serve, []string{"PURSER_ADDR=x", "PURSER_ADMIN_ADDR=y", "DATABASE_URL=z", "PURSER_X=1", "PURSER_B=1"}, []string{
			"PURSER_B is not", "PURSER_X is not", "DATABASE_URL is not", "PURSER_ADDR is", "PURSER_ADMIN_ADDR is",
		}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, err := config.Load(c.command, c.environ)
			var all *config.Error
			if !errors.As(err, &all) {
				t.Fatalf("got %v, %v; want an *Error", got, err)
			}
			if len(all.Problems) != len(c.want) {
				t.Fatalf("got %d problems, want %d:\n%v", len(all.Problems), len(c.want), err)
			}
			for i, want := range c.want {
				if !strings.HasPrefix(all.Problems[i], want) {
					t.Errorf("problem %d is %q, want it to begin %q", i, all.Problems[i], want)
				}
			}
			if got := strings.Count(err.Error(), "\n"); got != len(c.want) {
				t.Errorf("the message has %d lines below its heading, want %d:\n%v", got, len(c.want), err)
			}
			if strings.Contains(err.Error(), "hunter") {
				t.Errorf("the message holds a password:\n%v", err)
			}
		})
	}
}

func TestOrigins(t *testing.T) {
	t.Parallel()
	for origin, ok := range map[string]bool{
		"https://shop.example":              true,
		"https://shop.example:8443":         true,
		"http://[::1]:3000":                 true,
		"*":                                 false,
		"https://*.example":                 false,
		"null":                              false,
		"shop.example":                      false,
		"https://":                          false,
		"https://shop.example/":             false,
		"https://shop.example?":             false,
		"https://shop.example#":             false,
		"https://u@shop.example":            false,
		"https://Shop.example":              false,
		"https://shop.example:443":          false,
		"http://shop.example:80":            false,
		"https://shop.example:":             false,
		"ftp://shop.example":                false,
		"https://shop.example:99999999999x": false,
	} {
		_, err := config.Load(config.Serve, []string{"PURSER_ALLOWED_ORIGINS=" + origin})
		if (err == nil) != ok {
			t.Errorf("origin %q: got %v, want accepted = %v", origin, err, ok)
		}
	}
}

func TestRelativeDataDirBecomesAbsolute(t *testing.T) {
	t.Parallel()
	got, err := config.Load(config.Serve, []string{"PURSER_DATA_DIR=data"})
	if err != nil {
		t.Fatal(err)
	}
	want, err := filepath.Abs("data")
	if err != nil || got.DataDir != want {
		t.Errorf("got %q, want %q", got.DataDir, want)
	}
}

func TestPasswordsAreNeverPrinted(t *testing.T) {
	t.Parallel()
	c, err := config.Load(config.Serve, []string{
		"DATABASE_URL=postgres://app:hunter2@db/purser?sslpassword=hunter4&application_name=x",
		"PURSER_MIGRATE_DATABASE_URL=postgres://db/purser?password=hunter3&user=o",
		"PURSER_JWKS_URL=https://reader:hunter5@id.example/keys", "PURSER_JWT_ISSUER=i", "PURSER_JWT_AUDIENCE=a",
	})
	if err != nil {
		t.Fatal(err)
	}
	var log bytes.Buffer
	slog.New(slog.NewJSONHandler(&log, nil)).Info("configuration", "config", c)
	for name, text := range map[string]string{
		"%v": fmt.Sprintf("%v", c), "%+v": fmt.Sprintf("%+v", c), "String": c.String(), "%#v": fmt.Sprintf("%#v", c),
		"pointer": fmt.Sprintf("%+v", &c), "slog": log.String(),
	} {
		if strings.Contains(text, "hunter") {
			t.Errorf("%s shows a password: %s", name, text)
		}
		for _, want := range []string{"app:xxxxx@db", "application_name=x", "id.example"} {
			if !strings.Contains(text, want) {
				t.Errorf("%s lacks %s: %s", name, want, text)
			}
		}
	}
}
