package config

import (
	"fmt"
	"net"
	"net/netip"
	"net/url"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
)

// checker turns the raw variables into a Config and notes what is wrong with them.
type checker struct {
	raw
	command    Command
	production bool
	problems   []string
}

func (c *checker) problem(name, format string, args ...any) {
	c.problems = append(c.problems, name+" "+fmt.Sprintf(format, args...))
}

func (c *checker) config() Config {
	cfg := Config{Mode: Mode(c.Mode)}
	if !slices.Contains([]Mode{Development, Production}, cfg.Mode) {
		c.problem("PURSER_MODE", "is %s; set it to development or production", quote(c.Mode))
	}
	c.databases(&cfg)
	c.dataDir(&cfg)
	if c.command == Serve {
		c.addresses(&cfg)
		cfg.AllowedOrigins = c.origins()
		c.tokens(&cfg)
		c.jobs(&cfg)
	}
	if c.command == Serve || c.command == Checkpoint {
		c.checkpointKey(&cfg)
	}
	if c.production && (c.command == Demo || c.command == Token) {
		c.problem("PURSER_MODE", "is production, where there is no sub-command %s; unset it to use development mode", c.command)
	}
	return cfg
}

func (c *checker) jobs(cfg *Config) {
	if cfg.NoJobs = c.Jobs == "off"; !cfg.NoJobs && c.Jobs != "on" {
		c.problem("PURSER_JOBS", "is %s; set it to on or off", quote(c.Jobs))
	}
}

// checkpointKey takes any file name: whether it holds a key, and hides it from others, is seen when it
// is read.
func (c *checker) checkpointKey(cfg *Config) {
	if cfg.CheckpointKeyFile = c.CheckpointKeyFile; c.production && c.CheckpointKeyFile == "" {
		c.problem("PURSER_CHECKPOINT_KEY_FILE", "is missing; production needs a PEM file with the Ed25519 private key that signs checkpoints (openssl genpkey -algorithm ed25519)")
	}
}

// databases reads the application's URL for every command but a production migration, and the
// owner's for migrations, wherever they run: in production in migrate alone. Outside of migrate the
// owner's URL needs the other beside it, or the server would migrate one database and serve another.
func (c *checker) databases(cfg *Config) {
	if !c.production || c.command != Migrate {
		cfg.DatabaseURL = c.databaseURL("DATABASE_URL", c.DatabaseURL)
		if c.production && c.DatabaseURL == "" {
			c.problem("DATABASE_URL", "is missing; production needs the URL of its database, with the role purser_app")
		}
	}
	migrates := c.command == Migrate || (!c.production && (c.command == Serve || c.command == Demo))
	if migrates {
		cfg.MigrateDatabaseURL = c.databaseURL("PURSER_MIGRATE_DATABASE_URL", c.MigrateDatabaseURL)
	}
	switch {
	case c.command == Migrate && c.production && c.MigrateDatabaseURL == "":
		c.problem("PURSER_MIGRATE_DATABASE_URL", "is missing; in production migrate needs the URL of the role that owns the tables")
	case migrates && c.command != Migrate && c.MigrateDatabaseURL != "" && c.DatabaseURL == "":
		c.problem("DATABASE_URL", "is missing although PURSER_MIGRATE_DATABASE_URL is set; set both or neither")
	}
}

// databaseURL never repeats the value: it may hold a password even when it is malformed.
func (c *checker) databaseURL(name, value string) string {
	if value == "" {
		return ""
	}
	u, err := url.Parse(value)
	if err != nil || (u.Scheme != "postgres" && u.Scheme != "postgresql") || u.Opaque != "" {
		c.problem(name, "is not a URL of the form postgres://user:password@host:5432/database")
		return ""
	}
	if _, err := url.ParseQuery(u.RawQuery); err != nil {
		c.problem(name, "has a malformed query part; escape special characters as %%XX")
		return ""
	}
	return value
}

func (c *checker) dataDir(cfg *Config) {
	if c.DataDir == "" {
		return
	}
	abs, err := filepath.Abs(c.DataDir)
	if err != nil || strings.ContainsRune(c.DataDir, 0) {
		c.problem("PURSER_DATA_DIR", "is no usable path; set it to a directory, or unset it for the default")
		return
	}
	cfg.DataDir = abs
}

func (c *checker) addresses(cfg *Config) {
	addr, ok := c.address("PURSER_ADDR", c.Addr)
	if ok && !c.production && !isLoopback(addr) {
		c.problem("PURSER_ADDR", "is %s; development mode trusts its callers, so it must be a loopback address such as 127.0.0.1:8080", quote(addr))
	}
	admin, adminOK := c.address("PURSER_ADMIN_ADDR", c.AdminAddr)
	if adminOK && !isLoopback(admin) {
		c.problem("PURSER_ADMIN_ADDR", "is %s; it must be a loopback address such as 127.0.0.1:8081, because it asks for no token", quote(admin))
	}
	if ok && adminOK && addr == admin && !strings.HasSuffix(addr, ":0") {
		c.problem("PURSER_ADMIN_ADDR", "is the same as PURSER_ADDR; give it another port")
	}
	cfg.Addr, cfg.AdminAddr = addr, admin
}

func (c *checker) address(name, value string) (addr string, ok bool) {
	host, port, err := net.SplitHostPort(value)
	if err != nil {
		c.problem(name, "is %s; set it to host:port, such as 127.0.0.1:8080 or [::1]:8080", quote(value))
		return "", false
	}
	if _, err := strconv.ParseUint(port, 10, 16); err != nil {
		c.problem(name, "is %s; its port must be a number from 0 to 65535", quote(value))
		return "", false
	}
	if strings.ContainsAny(host, " /@") {
		c.problem(name, "is %s; its host must be a name or an IP address", quote(value))
		return "", false
	}
	return value, true
}

// isLoopback is false for every name but localhost: what a name stands for may change after the
// check. No host at all means every interface.
func isLoopback(addr string) bool {
	host, _, err := net.SplitHostPort(addr)
	if err != nil {
		return false
	}
	if host == "localhost" {
		return true
	}
	ip, err := netip.ParseAddr(host)
	return err == nil && ip.Unmap().IsLoopback()
}

func (c *checker) origins() []string {
	var origins []string
	for entry := range strings.SplitSeq(c.AllowedOrigins, ",") {
		entry = strings.TrimSpace(entry)
		if entry == "" {
			continue
		}
		if why := originProblem(entry); why != "" {
			c.problem("PURSER_ALLOWED_ORIGINS", "has %s, which %s", quote(entry), why)
			continue
		}
		if !slices.Contains(origins, entry) {
			origins = append(origins, entry)
		}
	}
	return origins
}

// originProblem says why a browser would never send this text in its Origin header, or "".
func originProblem(entry string) string {
	u, err := url.Parse(entry)
	switch {
	case strings.Contains(entry, "*"):
		return "has a wildcard; list each origin"
	case err != nil || (u.Scheme != "http" && u.Scheme != "https") || u.Hostname() == "":
		return "is no origin such as https://shop.example"
	case u.User != nil:
		return "has a user name; an origin is scheme, host and port only"
	case u.Path != "" || u.RawQuery != "" || u.ForceQuery || strings.Contains(entry, "#"):
		return "has a path, query or fragment; an origin is scheme, host and port only"
	case entry != strings.ToLower(entry):
		return "has capital letters; browsers send origins in lower case"
	case (u.Scheme == "https" && u.Port() == "443") || (u.Scheme == "http" && u.Port() == "80") || strings.HasSuffix(u.Host, ":"):
		return "names the scheme's own port; browsers leave it out"
	}
	return ""
}

// tokens reads the key source. Issuer and audience come with it: without them a token meant for
// another service of the same issuer would be accepted.
func (c *checker) tokens(cfg *Config) {
	sources := 0
	for _, value := range []string{c.JWKSURL, c.JWTPublicKeyFile} {
		if value != "" {
			sources++
		}
	}
	switch {
	case sources == 2:
		c.problem("PURSER_JWKS_URL", "and PURSER_JWT_PUBLIC_KEY_FILE are both set; keep one")
	case sources == 0 && c.production:
		c.problem("PURSER_JWKS_URL", "or PURSER_JWT_PUBLIC_KEY_FILE is missing; production needs one of them to verify tokens")
	case sources == 0 && (c.JWTIssuer != "" || c.JWTAudience != ""):
		c.problem("PURSER_JWKS_URL", "or PURSER_JWT_PUBLIC_KEY_FILE is missing although PURSER_JWT_ISSUER or PURSER_JWT_AUDIENCE is set; set a key source, or unset both to use the development key")
	}
	if sources > 0 || c.production {
		c.required("PURSER_JWT_ISSUER", c.JWTIssuer, "the iss of the tokens to accept")
		c.required("PURSER_JWT_AUDIENCE", c.JWTAudience, "the aud of the tokens to accept")
	}
	if c.JWTIssuer == developmentIssuer {
		c.problem("PURSER_JWT_ISSUER", "is %s, which is kept for the development key; set it to your issuer", developmentIssuer)
	}
	if u, err := url.Parse(c.JWKSURL); c.JWKSURL != "" && (err != nil || (u.Scheme != "http" && u.Scheme != "https") || u.Hostname() == "") {
		c.problem("PURSER_JWKS_URL", "is not an absolute http or https URL")
	}
	cfg.JWKSURL, cfg.JWTPublicKeyFile = c.JWKSURL, c.JWTPublicKeyFile
	cfg.JWTIssuer, cfg.JWTAudience = c.JWTIssuer, c.JWTAudience
}

func (c *checker) required(name, value, meaning string) {
	if value == "" {
		c.problem(name, "is missing; set it to %s", meaning)
	}
}

// quote shows a value on one line and not at length.
func quote(value string) string {
	const bytesMax = 80
	if len(value) > bytesMax {
		return strconv.Quote(strings.ToValidUTF8(value[:bytesMax], "")) + "…"
	}
	return strconv.Quote(value)
}

const redacted = "xxxxx"

// redact replaces what a URL may hold of passwords: in its user part, and in the query parameters
// that PostgreSQL reads passwords from.
func redact(value string) string {
	if value == "" {
		return ""
	}
	u, err := url.Parse(value)
	if err != nil {
		return redacted
	}
	if query := u.Query(); query.Has("password") || query.Has("sslpassword") {
		for _, name := range []string{"password", "sslpassword"} {
			if query.Has(name) {
				query.Set(name, redacted)
			}
		}
		u.RawQuery = query.Encode()
	}
	return u.Redacted()
}
