package main

import (
	"context"
	"database/sql"

	_ "modernc.org/sqlite" // the driver "sqlite", without cgo
)

const schema = `
CREATE TABLE users  (token TEXT PRIMARY KEY, name TEXT NOT NULL);
CREATE TABLE stock  (sku TEXT PRIMARY KEY, qty INTEGER NOT NULL);
CREATE TABLE orders (id TEXT PRIMARY KEY, customer TEXT NOT NULL, sku TEXT NOT NULL, qty INTEGER NOT NULL);
INSERT INTO users VALUES ('ada''s token', 'ada');
INSERT INTO stock VALUES ('tea', 10);
`

// Open creates the database in a file.
func Open(ctx context.Context, file string) (*sql.DB, error) {
	db, err := sql.Open("sqlite", file)
	if err != nil {
		return nil, err
	}
	// SQLite has one writer at a time: who wants to write next waits for the
	// connection in place of being refused.
	db.SetMaxOpenConns(1)
	if _, err := db.ExecContext(ctx, schema); err != nil {
		return nil, err
	}
	return db, nil
}
