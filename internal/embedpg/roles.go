package embedpg

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
)

// provisionTimeout bounds the statements of provision, of which CREATE DATABASE is the slow one.
const provisionTimeout = time.Minute

// provision creates what is missing of the two roles and the database, and restores their attributes.
// It runs at every start, so an interrupted first start heals.
func provision(ctx context.Context, superURL string) (err error) {
	ctx, cancel := context.WithTimeout(ctx, provisionTimeout)
	defer cancel()
	conn, err := pgx.Connect(ctx, superURL)
	if err != nil {
		return fmt.Errorf("create roles: %w", err)
	}
	defer conn.Close(context.WithoutCancel(ctx))
	for _, role := range []string{RoleOwner, RoleApp} {
		if err := ensureRole(ctx, conn, role); err != nil {
			return fmt.Errorf("create role %s: %w", role, err)
		}
	}
	exists := false
	const hasDatabase = `SELECT EXISTS (SELECT FROM pg_database WHERE datname = $1)`
	if err := conn.QueryRow(ctx, hasDatabase, Database).Scan(&exists); err != nil {
		return fmt.Errorf("look for database %s: %w", Database, err)
	}
	if !exists {
		if _, err := conn.Exec(ctx, "CREATE DATABASE "+ident(Database)); err != nil {
			return fmt.Errorf("create database %s: %w", Database, err)
		}
	}
	return grantDatabase(ctx, conn, Database)
}

// ensureRole creates a role that may log in and nothing else, and takes back whatever more it was
// given: owning a database is all that the owner needs.
func ensureRole(ctx context.Context, conn *pgx.Conn, role string) error {
	exists := false
	const hasRole = `SELECT EXISTS (SELECT FROM pg_roles WHERE rolname = $1)`
	if err := conn.QueryRow(ctx, hasRole, role).Scan(&exists); err != nil {
		return err
	}
	verb := "CREATE"
	if exists {
		verb = "ALTER"
	}
	_, err := conn.Exec(ctx, verb+" ROLE "+ident(role)+
		" LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION NOBYPASSRLS")
	return err
}

// grantDatabase leaves a database to RoleOwner, with permission to connect for RoleApp. CREATE
// DATABASE does not copy these from a template. PUBLIC loses its default right to connect and to
// create temporary tables: RoleApp has what is granted to it by name and nothing more.
func grantDatabase(ctx context.Context, conn *pgx.Conn, name string) error {
	database := " DATABASE " + ident(name)
	_, err := conn.Exec(ctx, "ALTER"+database+" OWNER TO "+ident(RoleOwner)+
		"; REVOKE ALL ON"+database+" FROM PUBLIC"+
		"; GRANT CONNECT ON"+database+" TO "+ident(RoleApp))
	if err != nil {
		return fmt.Errorf("grant database %s: %w", name, err)
	}
	return nil
}

// CreateDatabase creates a database like Database, as a copy of template when that is not empty.
// Nothing may be connected to the template meanwhile. It is for tests; the product has one database.
func (s *Server) CreateDatabase(ctx context.Context, name, template string) error {
	sql := "CREATE DATABASE " + ident(name)
	if template != "" {
		sql += " TEMPLATE " + ident(template)
	}
	if !s.cluster.opts.Durable {
		// Copying files takes two checkpoints, which cost nothing without fsync; copying through
		// the write-ahead log took two to four times as long (20 against 45 to 90 ms).
		sql += " STRATEGY FILE_COPY"
	}
	return s.administer(ctx, func(conn *pgx.Conn) error {
		if _, err := conn.Exec(ctx, sql); err != nil {
			return fmt.Errorf("create database %s: %w", name, err)
		}
		return grantDatabase(ctx, conn, name)
	})
}

// DropDatabase drops a database that CreateDatabase made, ending the connections to it. One that is
// not there is no error.
func (s *Server) DropDatabase(ctx context.Context, name string) error {
	return s.administer(ctx, func(conn *pgx.Conn) error {
		if _, err := conn.Exec(ctx, "DROP DATABASE IF EXISTS "+ident(name)+" WITH (FORCE)"); err != nil {
			return fmt.Errorf("drop database %s: %w", name, err)
		}
		return nil
	})
}

// administer runs do on a connection of the superuser.
func (s *Server) administer(ctx context.Context, do func(*pgx.Conn) error) error {
	conn, err := pgx.Connect(ctx, s.SuperURL("postgres"))
	if err != nil {
		return fmt.Errorf("connect as superuser: %w", err)
	}
	defer conn.Close(context.WithoutCancel(ctx))
	return do(conn)
}

func ident(name string) string { return pgx.Identifier{name}.Sanitize() }
