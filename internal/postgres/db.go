// Package postgres stores what the domain packages decide: the ledger's Store,
// the readers behind the dashboards, the migrations, and the translation of
// PostgreSQL's errors into the domain's.
package postgres

import (
	"context"
	"fmt"
	"runtime"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgtype"
	"github.com/jackc/pgx/v5/pgxpool"
)

// Limits of every connection. The ledger's own attempt timeout is longer than
// any of them, so that a stalled process cannot hold a book.
const (
	connectTimeout         = 5 * time.Second
	statementTimeout       = 4 * time.Second
	lockTimeout            = 2 * time.Second
	idleTransactionTimeout = 2 * time.Second
)

// writerSettings leave one plan for each of the writers' statements, which look
// rows up by key and nothing else (docs/adr/0008-writer-statements-have-one-plan.md).
var writerSettings = map[string]string{
	"plan_cache_mode": "force_generic_plan", "enable_seqscan": "off", "enable_hashjoin": "off", "enable_mergejoin": "off", "jit": "off",
}

// DB holds the connections: a few for the ledger's writers, with generic plans
// for their fixed statements, and a pool for everything that only reads.
type DB struct {
	write *pgxpool.Pool
	read  *pgxpool.Pool
}

// Open connects as the application role. tracer may be nil. It returns an error
// when the URL is malformed or the server does not answer within ctx.
func Open(ctx context.Context, url string, tracer pgx.QueryTracer) (*DB, error) {
	write, err := openPool(ctx, url, tracer, int32(max(4, runtime.NumCPU()*2)), writerSettings)
	if err != nil {
		return nil, err
	}
	read, err := openPool(ctx, url, tracer, int32(max(8, runtime.NumCPU()*4)), map[string]string{"default_transaction_read_only": "on"})
	if err != nil {
		write.Close()
		return nil, err
	}
	return &DB{write: write, read: read}, nil
}

func openPool(ctx context.Context, url string, tracer pgx.QueryTracer, connections int32, settings map[string]string) (*pgxpool.Pool, error) {
	config, err := pgxpool.ParseConfig(url)
	if err != nil {
		return nil, fmt.Errorf("parse database URL: %w", err)
	}
	config.MaxConns = connections
	config.ConnConfig.ConnectTimeout = connectTimeout
	config.ConnConfig.Tracer = tracer
	params := config.ConnConfig.RuntimeParams
	params["application_name"] = "purser"
	params["timezone"] = "UTC"
	params["default_transaction_isolation"] = "read committed" // of a writer's batch without a BEGIN
	params["statement_timeout"] = milliseconds(statementTimeout)
	params["lock_timeout"] = milliseconds(lockTimeout)
	params["idle_in_transaction_session_timeout"] = milliseconds(idleTransactionTimeout)
	for name, value := range settings {
		params[name] = value
	}
	config.AfterConnect = func(_ context.Context, conn *pgx.Conn) error {
		conn.TypeMap().RegisterType(&pgtype.Type{
			Name: "timestamptz", OID: pgtype.TimestamptzOID, Codec: &pgtype.TimestamptzCodec{ScanLocation: time.UTC},
		})
		registerArrays(conn.TypeMap())
		return nil
	}
	pool, err := pgxpool.NewWithConfig(ctx, config)
	if err != nil {
		return nil, fmt.Errorf("open database: %w", err)
	}
	if err := pool.Ping(ctx); err != nil {
		pool.Close()
		return nil, fmt.Errorf("connect to the database: %w", err)
	}
	return pool, nil
}

func milliseconds(d time.Duration) string { return fmt.Sprintf("%d", d.Milliseconds()) }

// Ping reports whether the database answers.
func (db *DB) Ping(ctx context.Context) error {
	if err := db.read.Ping(ctx); err != nil {
		return fmt.Errorf("ping the database: %w", err)
	}
	return nil
}

// Close returns every connection, waiting for those in use.
func (db *DB) Close() {
	db.write.Close()
	db.read.Close()
}
