"""Rehearsals: storyboards of what happens in a newsroom, and to its connections, played for frontends under test."""
