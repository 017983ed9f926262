package postgres

import (
	"context"
	"database/sql"
	"embed"
	"errors"
	"fmt"
	"io/fs"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	_ "github.com/jackc/pgx/v5/stdlib" // goose speaks database/sql
	"github.com/pressly/goose/v3"
	"github.com/pressly/goose/v3/lock"
)

//go:embed migrations/*.sql
var migrationFiles embed.FS

// ErrSchemaNotCurrent is returned by CheckSchema when migrations are missing.
var ErrSchemaNotCurrent = errors.New("postgres: the database schema is older than this binary")

// Migrate brings the schema to this binary's version, connecting as the owner
// role. Migrations only go forward; concurrent callers wait for one another.
func Migrate(ctx context.Context, ownerURL string) error {
	db, err := sql.Open("pgx", ownerURL)
	if err != nil {
		return fmt.Errorf("open the owner's database: %w", err)
	}
	defer db.Close() //nolint:errcheck // nothing was written through the pool after Up returned
	provider, err := newProvider(db)
	if err != nil {
		return err
	}
	if _, err := provider.Up(ctx); err != nil {
		return fmt.Errorf("migrate: %w", err)
	}
	return nil
}

// Analyze gathers the planner's statistics of all tables, connecting as the owner
// role. After a bulk load the first questions would else be planned as for empty
// tables: one over a month of the demonstration's flows took over 4 s, and 0.3 s
// after it.
func Analyze(ctx context.Context, ownerURL string) error {
	conn, err := pgx.Connect(ctx, ownerURL)
	if err != nil {
		return fmt.Errorf("open the owner's database: %w", readError(err))
	}
	_, err = conn.Exec(ctx, "-- name: analyze\nANALYZE")
	if err := errors.Join(err, conn.Close(context.WithoutCancel(ctx))); err != nil {
		return fmt.Errorf("analyze: %w", err)
	}
	return nil
}

func newProvider(db *sql.DB) (*goose.Provider, error) {
	files, err := fs.Sub(migrationFiles, "migrations")
	if err != nil {
		return nil, fmt.Errorf("read embedded migrations: %w", err)
	}
	locker, err := lock.NewPostgresSessionLocker()
	if err != nil {
		return nil, fmt.Errorf("make the migration lock: %w", err)
	}
	provider, err := goose.NewProvider(goose.DialectPostgres, db, files, goose.WithSessionLocker(locker))
	if err != nil {
		return nil, fmt.Errorf("read migrations: %w", err)
	}
	return provider, nil
}

// SchemaVersion is the version of the newest migration in this binary.
func SchemaVersion() (int64, error) {
	files, err := fs.Sub(migrationFiles, "migrations")
	if err != nil {
		return 0, fmt.Errorf("read embedded migrations: %w", err)
	}
	names, err := fs.Glob(files, "*.sql")
	if err != nil || len(names) == 0 {
		return 0, fmt.Errorf("list embedded migrations: %w", err)
	}
	version, err := goose.NumericComponent(names[len(names)-1])
	if err != nil {
		return 0, fmt.Errorf("read embedded migrations: %w", err)
	}
	return version, nil
}

// CheckSchema compares the database's schema version with this binary's. It
// returns ErrSchemaNotCurrent, naming both, when migrations are missing. A schema
// that is ahead is fine: migrations run before the new code and under the old,
// which must be able to start again meanwhile.
func (db *DB) CheckSchema(ctx context.Context) error {
	want, err := SchemaVersion()
	if err != nil {
		return err
	}
	var got int64
	err = db.read.QueryRow(ctx, `-- name: schema_version
		SELECT coalesce(max(version_id), 0) FROM goose_db_version WHERE is_applied`).Scan(&got)
	var missing *pgconn.PgError
	switch {
	case errors.As(err, &missing) && missing.Code == undefinedTable:
		got = 0
	case err != nil && !errors.Is(err, pgx.ErrNoRows):
		return fmt.Errorf("read schema version: %w", err)
	}
	if got < want {
		return fmt.Errorf("%w: it is at version %d, this binary needs %d: run `purser migrate` of this version", ErrSchemaNotCurrent, got, want)
	}
	return nil
}
