/*
 * lex.h: what the files that read socksmd.conf(5) share: words with the place
 * they stand at, inputs, macros, and memory that lives for one parse.
 */

#ifndef LEX_H
#define LEX_H

#include <sys/types.h>
#include <sys/stat.h>
#include <stdint.h>
#include <stdio.h>

#include "conf.h"
#include "rule.h"

/* A word of the configuration, and where to complain about it. */
struct word {
	char		*s;
	const char	*file;
	uint32_t	 line;
	int		 value;		/* of a keyword */
	int		 first;		/* of a statement */
};

/* One of a list; which member counts depends on the list. */
struct item {
	struct item	*next;
	struct word	*word;
	struct rule_addr addr;
	struct rule_port port;
};

struct items {
	struct item	*first;
	struct item	*last;
	uint32_t	 n;
};

/* A file, or the text of a macro in the place where it is used. */
struct input {
	struct input	*prev;
	const char	*name;
	char		*buf;
	size_t		 len;
	size_t		 pos;
	uint32_t	 line;
	int		 macro;
	dev_t		 dev;
	ino_t		 ino;
};

/* Tokens that are no single character. */
enum lex_token {
	LEX_EOF = 0,
	LEX_WORD = 256,		/* may be a keyword */
	LEX_STRING,		/* never one */
	LEX_TABLE,		/* <name>, without the brackets */
	LEX_NE,
	LEX_LE,
	LEX_GE,
	LEX_ERROR		/* already reported */
};

/* A rule before its lists are expanded. */
struct rule_spec {
	struct word	*at;
	struct rule	 rule;		/* what is no list */
	struct items	 from;
	struct items	 fport;
	struct items	 to;
	struct items	 port;
	struct items	 user;
	struct items	 group;
	struct items	 listener;
	struct items	 domain;
};

/* conf.c: complaints, each with file:line. */
void	 word_error(const struct word *, const char *, ...)
	    __attribute__((__format__(printf, 2, 3)));
void	 word_warn(const struct word *, const char *, ...)
	    __attribute__((__format__(printf, 2, 3)));
void	 conf_report(struct conf *, FILE *);

/* scratch.c: freed all at once, behind the parse. */
void	*scratch_alloc(size_t);
char	*scratch_strndup(const char *, size_t);
struct items *items_new(struct item *);
struct items *items_add(struct items *, struct item *);
struct items *items_join(struct items *, struct items *);
struct item *item_new(struct word *);
void	 scratch_free(void);

/* readfile.c */
char	*readfile(const char *path, int secret, size_t *len, struct stat *,
	    char *why, size_t);
char	*readfile_line(char **next, const char *end);

/* input.c */
struct input *input_top(void);
int	 input_file(const struct word *at, const char *path);
void	 input_text(const struct word *at, const char *text);
void	 input_pop(void);
void	 input_clear(void);

/* macro.c */
int	 macro_set(const char *name, const char *value, int fixed);
const char *macro_get(const char *name, size_t len);
int	 macro_valid(const char *name);
void	 macro_check(void);
void	 macro_clear(void);

/* lex.c */
void	 lex_reset(void);
int	 lex_next(struct word **);
int	 lex_fail(const struct word *, const char *why);

/* value.c: words to values; -1 has been reported. */
int	 value_number(const struct word *, const char *what, uint32_t min,
	    uint32_t max, uint32_t *);
int	 value_name(const struct word *, const char *what, char *, size_t);
int	 value_addr(const struct word *, struct rule_addr *);
int	 value_range(const struct word *, const struct word *,
	    struct rule_addr *);
int	 value_port(const struct word *, int op, struct rule_port *);
int	 value_host(const struct word *, const char *what, struct addr *);
int	 value_is_addr(const char *);	/* looks like one, right or wrong */
int	 value_is_hostname(const char *);

/* listener.c */
void	 listener_add(struct conf *, struct conf_listener *, struct word *at,
	    struct items *where);
int	 listener_methods(struct conf_listener *, struct items *);
void	 iface_add(struct conf_ifaces *, const char *what, struct items *,
	    struct word *addr);

/* refer.c: names that are looked up when all has been read. */
enum refer { REFER_TABLE, REFER_USER, REFER_GROUP, REFER_EGRESS,
	REFER_USERS_FILE, REFER_LISTENER };
void	 refer_add(enum refer, struct word *);
void	 refer_check(struct conf *);
void	 refer_clear(void);

/* rulespec.c */
struct rule_spec *spec_new(struct word *, enum rule_action);
struct item *spec_addr(struct word *, int type, int neg);
struct item *spec_host(struct conf *, struct word *, int neg);
struct item *spec_range(struct word *, struct word *, int neg);
struct item *spec_port(struct word *, int op);
void	 spec_names(struct items *, struct items *, const char *what,
	    enum refer);
void	 spec_ttl(struct rule_spec *, struct word *);
void	 spec_mode(struct rule_spec *, struct items *);
void	 spec_method(struct rule_spec *, struct items *);
void	 spec_domain(struct rule_spec *, struct items *);
void	 spec_timeout(struct rule_spec *, struct word *, struct word *);
void	 spec_egress(struct rule_spec *, struct word *);
void	 spec_text(struct word *, const char *what, char *, size_t);
void	 spec_later(struct word *);
int	 spec_check(struct rule_spec *);

/* expand.c */
void	 rule_expand(struct conf *, struct rule_spec *);
/* rules_check.c: warns of rules that mean nothing */
void	 rules_check(struct conf *);
/* host.c: the number of a name, in *nr; -1 has been reported. */
int	 host_add(struct conf *, const struct word *, uint32_t *nr);
void	 host_entry(struct conf *, struct table *, const struct word *,
	    int neg, int from_file);
/* users.c, table_file.c */
void	 users_read(struct conf *, const struct word *path);
void	 table_read(struct conf *, struct table *, const struct word *path);
void	 table_entry(struct conf *, struct table *, const struct word *,
	    int neg, int from_file);

#endif
