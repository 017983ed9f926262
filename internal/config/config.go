// Package config reads what the operator says in the environment, once, and checks all of it before
// anything starts. Each sub-command reads only the variables it needs: a production server must not
// even hold the password of the role that owns the tables.
package config

import (
	"fmt"
	"log/slog"
	"maps"
	"slices"
	"strings"

	"github.com/caarlos0/env/v11"
)

// Command is a sub-command of the binary; it decides which variables are read.
type Command string

// The sub-commands that read the environment.
const (
	Serve      Command = "serve"
	Migrate    Command = "migrate"
	Demo       Command = "demo"
	Token      Command = "token"
	Verify     Command = "verify"
	Checkpoint Command = "checkpoint"
)

// Mode is the value of PURSER_MODE.
type Mode string

// The two modes. Development trusts everyone who can reach the loopback interface and signs its own
// tokens; production has no default where a wrong one would let somebody in.
const (
	Development Mode = "development"
	Production  Mode = "production"
)

// developmentIssuer names the tokens anyone with the data directory can sign, so a configured key
// source must not be known under it. It is the same word as auth.DevelopmentIssuer, which a leaf
// cannot import.
const developmentIssuer = "purser-development"

// Config is a checked environment. A field that its command does not read is empty.
type Config struct {
	Mode Mode
	// DatabaseURL connects as the application's role. Empty in development means: start a private
	// PostgreSQL.
	DatabaseURL string
	// MigrateDatabaseURL connects as the role that owns the tables. Empty in development means: use
	// DatabaseURL.
	MigrateDatabaseURL string
	// Addr and AdminAddr are host:port; AdminAddr is always loopback.
	Addr      string
	AdminAddr string
	// DataDir holds the private PostgreSQL and the development key; empty means the default place.
	DataDir string
	// AllowedOrigins are browser origins in canonical form, such as https://shop.example.
	AllowedOrigins []string
	// JWKSURL and JWTPublicKeyFile are the key source; at most one is set. With neither, which only
	// development allows, tokens are signed by the development key.
	JWKSURL          string
	JWTPublicKeyFile string
	JWTIssuer        string
	JWTAudience      string
	// CheckpointKeyFile holds the private key that signs checkpoints of the hash chain. Empty in
	// development means: a key of the data directory, made when missing.
	CheckpointKeyFile string
	// NoJobs leaves scheduled work, such as the expiry of units, to other processes.
	NoJobs bool
}

// raw is the environment as text. Its tags are the one list of the variables there are.
type raw struct {
	DatabaseURL        string `env:"DATABASE_URL"`
	MigrateDatabaseURL string `env:"PURSER_MIGRATE_DATABASE_URL"`
	Addr               string `env:"PURSER_ADDR" envDefault:"127.0.0.1:8080"`
	AdminAddr          string `env:"PURSER_ADMIN_ADDR" envDefault:"127.0.0.1:8081"`
	DataDir            string `env:"PURSER_DATA_DIR"`
	AllowedOrigins     string `env:"PURSER_ALLOWED_ORIGINS"`
	Mode               string `env:"PURSER_MODE" envDefault:"development"`
	JWKSURL            string `env:"PURSER_JWKS_URL"`
	JWTPublicKeyFile   string `env:"PURSER_JWT_PUBLIC_KEY_FILE"`
	JWTIssuer          string `env:"PURSER_JWT_ISSUER"`
	JWTAudience        string `env:"PURSER_JWT_AUDIENCE"`
	CheckpointKeyFile  string `env:"PURSER_CHECKPOINT_KEY_FILE"`
	Jobs               string `env:"PURSER_JOBS" envDefault:"on"`
}

// testPrefix begins the variables of the test suite, which a server started by a test inherits.
const testPrefix = "PURSER_TEST_"

// Error is everything that is wrong with an environment, a line each. No line holds a password.
type Error struct {
	Problems []string
}

// Error returns all problems, one a line, below a heading.
func (e *Error) Error() string {
	return "the environment is not usable:\n  " + strings.Join(e.Problems, "\n  ")
}

// Load reads and checks the variables that command needs from environ, in the form of os.Environ. A
// variable set to nothing counts as unset. It returns an *Error with every mistake, including any
// PURSER_ variable that does not exist: a misspelt name would otherwise be a default in disguise.
func Load(command Command, environ []string) (Config, error) {
	vars := env.ToMap(environ)
	maps.DeleteFunc(vars, func(_, value string) bool { return value == "" })
	r, err := env.ParseAsWithOptions[raw](env.Options{Environment: vars})
	if err != nil {
		return Config{}, fmt.Errorf("read environment: %w", err)
	}
	known, err := env.GetFieldParams(&r)
	if err != nil {
		return Config{}, fmt.Errorf("list variables: %w", err)
	}
	c := &checker{raw: r, command: command, production: r.Mode == string(Production)}
	c.unknown(vars, known)
	config := c.config()
	if len(c.problems) > 0 {
		return Config{}, &Error{Problems: c.problems}
	}
	return config, nil
}

func (c *checker) unknown(vars map[string]string, known []env.FieldParams) {
	for _, name := range slices.Sorted(maps.Keys(vars)) {
		if !strings.HasPrefix(name, "PURSER_") || strings.HasPrefix(name, testPrefix) {
			continue
		}
		if !slices.ContainsFunc(known, func(p env.FieldParams) bool { return p.Key == name }) {
			c.problem(name, "is not a variable of purser; correct its name or unset it")
		}
	}
}

// String shows the configuration with every password replaced.
func (c Config) String() string {
	parts := make([]string, 0, 12)
	for _, a := range c.LogValue().Group() {
		parts = append(parts, a.String())
	}
	return strings.Join(parts, " ")
}

// GoString is String, so that %#v shows no password either.
func (c Config) GoString() string { return "config.Config{" + c.String() + "}" }

// LogValue implements slog.LogValuer with every password replaced.
func (c Config) LogValue() slog.Value {
	return slog.GroupValue(
		slog.String("mode", string(c.Mode)),
		slog.String("database_url", redact(c.DatabaseURL)),
		slog.String("migrate_database_url", redact(c.MigrateDatabaseURL)),
		slog.String("addr", c.Addr),
		slog.String("admin_addr", c.AdminAddr),
		slog.String("data_dir", c.DataDir),
		slog.String("allowed_origins", strings.Join(c.AllowedOrigins, ",")),
		slog.String("jwks_url", redact(c.JWKSURL)),
		slog.String("jwt_public_key_file", c.JWTPublicKeyFile),
		slog.String("jwt_issuer", c.JWTIssuer),
		slog.String("jwt_audience", c.JWTAudience),
		slog.String("checkpoint_key_file", c.CheckpointKeyFile),
		slog.Bool("jobs", !c.NoJobs),
	)
}
