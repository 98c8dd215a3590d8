// Package ui draws the page that describes a service. It knows nothing of
// AsyncAPI and of brokers: package asyncapi tells it what to say, in the values
// of [Page], and it says how that looks.
//
// The page is one file. Style and script stand in it and are named in its
// Content-Security-Policy by their hashes; it loads nothing from elsewhere, and
// the script only adds to what can be read without it. Every text is data:
// html/template escapes it, and the script makes text nodes of what it gets.
package ui
