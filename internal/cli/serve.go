package cli

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"golang.org/x/sync/errgroup"

	"purser/internal/auth"
	"purser/internal/config"
	"purser/internal/httpapi"
	"purser/internal/market"
	"purser/internal/obs"
	"purser/internal/postgres"
	"purser/ledger"
)

const (
	// drainTimeout bounds how long requests in flight may take once the server stops accepting; a
	// request is cut off by its own timeout well before.
	drainTimeout = 15 * time.Second
	// ledgerTimeout bounds how long commands queued by then may take.
	ledgerTimeout = 10 * time.Second
	// personaTTL is how long a token lives that a page gets for a persona. The page renews it.
	personaTTL = 15 * time.Minute
)

// NewHandler builds the public handler from the parts of a server.
type NewHandler func(Parts) (http.Handler, error)

// Parts are what a server is made of below its handlers. They outlive every request.
type Parts struct {
	Config   config.Config
	Log      *slog.Logger
	Registry *prometheus.Registry
	Clock    func() time.Time
	DB       *postgres.DB
	Ledger   *ledger.Ledger
	Verifier auth.Verifier
	// Personas are the callers of the demonstration, and PersonaToken signs a token for one of them and
	// says when it expires. Both are nil unless the server accepts tokens of the development key.
	Personas     []string
	PersonaToken func(persona string) (token string, expiresAt time.Time, err error)
}

func serveCommand() command {
	return command{
		name: "serve",
		line: "run the server",
		help: `
Serves GraphQL on PURSER_ADDR until it gets SIGINT (Ctrl-C) or SIGTERM. It then finishes the requests
in flight and stops what it started; a second signal ends it at once.

In development, the default, it starts a private PostgreSQL unless DATABASE_URL is set, migrates the
schema, loads a demonstration marketplace into an empty database, and accepts the tokens that the
command token prints. In production it does none of these, and refuses to start with a schema that is
not current or a database role that may change what must only be added to.

Environment:
  DATABASE_URL                 the database, as the role purser_app; required in production
  PURSER_MIGRATE_DATABASE_URL  the same as the role that owns the tables; read in development only,
                               where DATABASE_URL is used when it is unset
  PURSER_ADDR                  the public address (127.0.0.1:8080); loopback only in development
  PURSER_ADMIN_ADDR            the address of metrics and profiles (127.0.0.1:8081); loopback only
  PURSER_DATA_DIR              where the private PostgreSQL and the development key are
                               (root: /var/lib/purser, others: ~/.local/share/purser)
  PURSER_ALLOWED_ORIGINS       browser origins that may call, separated by commas
  PURSER_MODE                  development (the default) or production
  PURSER_JWKS_URL              the key set that verifies tokens, or
  PURSER_JWT_PUBLIC_KEY_FILE   a PEM file with the one public key; required in production
  PURSER_JWT_ISSUER            the iss and
  PURSER_JWT_AUDIENCE          the aud of tokens to accept; required with a key source
  PURSER_JOBS                  on (the default), or off to leave scheduled work to other servers of
                               the same database: one at a time does it
  PG_BIN                       the directory of PostgreSQL's programs, when they are not found`,
		bind: func(*flag.FlagSet) action { return serve },
	}
}

// serve takes the server up and down. What is deferred runs in the reverse order of starting: the
// ledger closes after the last request and the last job, the connections after the ledger, PostgreSQL at the end.
func serve(ctx context.Context, p *Program) (err error) {
	cfg, err := config.Load(config.Serve, p.Environ)
	if err != nil {
		return err
	}
	s := &server{
		program: p, cfg: cfg, log: obs.NewLogger(p.Stderr, string(cfg.Mode)), registry: obs.NewRegistry(),
	}
	// The addresses come first: a port that is taken should not cost the start of a database.
	if err := s.listen(ctx); err != nil {
		return err
	}
	defer s.closeListeners()
	if s.database, err = openDatabase(ctx, cfg, s.log, exclusive); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.database.close(ctx)) }()
	if s.db, err = s.openSchema(ctx); err != nil {
		return err
	}
	defer s.db.Close()
	if err := s.loadDemo(ctx); err != nil {
		return err
	}
	verifier, err := s.newVerifier(ctx)
	if err != nil {
		return err
	}
	rules := market.Rules()
	book := ledger.New(ledger.Config{Rules: rules, Store: s.db.NewStore(rules), Clock: p.Clock})
	defer func() { err = errors.Join(err, closeLedger(ctx, book)) }()
	parts := Parts{
		Config: cfg, Log: s.log, Registry: s.registry, Clock: p.Clock, DB: s.db, Ledger: book, Verifier: verifier,
	}
	if err := s.addPersonas(&parts); err != nil {
		return err
	}
	handler, err := p.NewHandler(parts)
	if err != nil {
		return err
	}
	finish, err := s.startJobs(ctx, book, rules)
	if err != nil {
		return err
	}
	defer finish()
	s.welcome()
	return s.run(ctx, handler)
}

// server is what one run of serve has started so far.
type server struct {
	program       *Program
	cfg           config.Config
	log           *slog.Logger
	registry      *prometheus.Registry
	public, admin net.Listener
	database      *database
	db            *postgres.DB
}

func (s *server) listen(ctx context.Context) (err error) {
	var network net.ListenConfig
	if s.public, err = network.Listen(ctx, "tcp", s.cfg.Addr); err != nil {
		return fmt.Errorf("listen on PURSER_ADDR: %w", err)
	}
	if s.admin, err = network.Listen(ctx, "tcp", s.cfg.AdminAddr); err != nil {
		return errors.Join(fmt.Errorf("listen on PURSER_ADMIN_ADDR: %w", err), s.public.Close())
	}
	return nil
}

// closeListeners matters only to a start that failed: serving closes them, and a second close is no
// harm.
func (s *server) closeListeners() {
	_ = s.public.Close()
	_ = s.admin.Close()
}

// openSchema connects to a database whose schema is this binary's, after migrating it in development,
// and looks at what the role may do there.
func (s *server) openSchema(ctx context.Context) (*postgres.DB, error) {
	development := s.cfg.Mode == config.Development
	if development {
		if err := migrateAndSeal(ctx, s.database.ownerURL, s.log); err != nil {
			return nil, err
		}
	}
	tracer := obs.NewStatementTracer(s.registry, s.log, s.program.Clock)
	db, err := postgres.Open(ctx, s.database.appURL, tracer)
	if err != nil {
		return nil, err
	}
	if err := db.CheckSchema(ctx); err != nil {
		db.Close()
		return nil, err
	}
	if err := db.CheckPrivileges(ctx); err != nil {
		if !development {
			db.Close()
			return nil, err
		}
		s.log.WarnContext(ctx, "the database role may do more than the product needs; production refuses it", "error", err)
	}
	return db, nil
}

// newVerifier takes the configured key source, or in development the key in the data directory.
func (s *server) newVerifier(ctx context.Context) (auth.Verifier, error) {
	o := auth.VerifierOptions{Issuer: s.cfg.JWTIssuer, Audience: s.cfg.JWTAudience, Now: s.program.Clock}
	var err error
	switch {
	case s.cfg.JWKSURL != "":
		o.Keys, err = auth.JWKS(ctx, s.cfg.JWKSURL, s.log)
	case s.cfg.JWTPublicKeyFile != "":
		o.Keys, err = auth.PublicKeyFile(s.cfg.JWTPublicKeyFile)
	default:
		var issuer *auth.DevIssuer
		if issuer, err = developmentIssuer(s.cfg); err == nil {
			o.Issuer, o.Audience, o.Keys = auth.DevelopmentIssuer, auth.DevelopmentAudience, issuer.Keys()
		}
	}
	if err != nil {
		return nil, err
	}
	return auth.NewVerifier(o)
}

// addPersonas lets the pages act as the personas, where the server accepts tokens of its own. They are
// those of the marketplace that serve loads: one loaded with another seed has other parties.
func (s *server) addPersonas(parts *Parts) error {
	if s.cfg.Mode != config.Development || !s.developmentKey() {
		return nil
	}
	issuer, err := developmentIssuer(s.cfg)
	if err != nil {
		return err
	}
	parts.Personas = personaNames()
	parts.PersonaToken = func(name string) (string, time.Time, error) {
		caller, err := tokenFlags{persona: name, seed: seedDefault}.caller()
		if err != nil {
			return "", time.Time{}, err
		}
		now := s.program.Clock()
		token, err := issuer.Token(now, caller.subject, caller.roles, caller.scope, personaTTL)
		return token, now.Add(personaTTL).UTC(), err
	}
	return nil
}

// run serves until ctx ends, a listener fails, or the private PostgreSQL dies. Metrics are served
// until the last request is done, so that a slow drain can be watched.
func (s *server) run(ctx context.Context, handler http.Handler) error {
	var all errgroup.Group
	public, stopPublic := context.WithCancel(ctx)
	admin, stopAdmin := context.WithCancel(context.WithoutCancel(ctx))
	all.Go(func() error {
		defer stopAdmin()
		return httpapi.Serve(public, s.public, handler, drainTimeout, s.log)
	})
	all.Go(func() error {
		defer stopPublic()
		return httpapi.Serve(admin, s.admin, httpapi.NewAdminHandler(s.registry), drainTimeout, s.log)
	})
	all.Go(func() error {
		select {
		case <-public.Done():
			return nil
		case <-admin.Done():
			return nil
		case <-s.database.died():
			stopPublic()
			return errors.New("the private PostgreSQL ended by itself (its last words are in postgres.log of the data directory); " +
				"nothing committed is lost: start again to recover")
		}
	})
	return all.Wait()
}

func closeLedger(ctx context.Context, book *ledger.Ledger) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), ledgerTimeout)
	defer cancel()
	return book.Close(ctx)
}
