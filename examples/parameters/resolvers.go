package main

import (
	"context"
	"database/sql"
	"errors"
	"log/slog"

	"github.com/parley-go/parley"
)

// User is who sent a message, as the database knows it.
type User struct{ Name string }

// CurrentUser finds the user of the message's token, within its transaction.
func CurrentUser(ctx context.Context, m *parley.Message, tx *sql.Tx) (User, error) {
	var u User
	err := tx.QueryRowContext(ctx, `SELECT name FROM users WHERE token = ?`, m.Header("x-token")).Scan(&u.Name)
	if errors.Is(err, sql.ErrNoRows) {
		return User{}, parley.NewError(parley.CodeUnauthenticated, "who are you?")
	}
	return u, err
}

// Transactions begins a transaction for each message. It ends with the
// message's outcome.
func Transactions(db *sql.DB) func(context.Context) (*sql.Tx, func(error) error, error) {
	return func(ctx context.Context) (*sql.Tx, func(error) error, error) {
		tx, err := db.BeginTx(ctx, nil)
		if err != nil {
			return nil, nil, err
		}
		return tx, func(outcome error) error {
			if outcome != nil {
				return errors.Join(outcome, tx.Rollback())
			}
			return tx.Commit()
		}, nil
	}
}

// Loggers gives each message a logger that names it and its user.
func Loggers(log *slog.Logger) func(*parley.Message, User) *slog.Logger {
	return func(m *parley.Message, u User) *slog.Logger {
		return log.With("message_id", m.ID, "user", u.Name)
	}
}
