/* $(exec COMMAND) for GNU make: make becomes the command, so the command's exit code is make's.
   A recipe cannot do that: whatever it ends with, make ends with 2.
   What is used of make and of the C library is declared here: no header has to be installed. */
typedef char *function(const char *name, unsigned int argc, char **argv);
void gmk_add_function(const char *name, function *f, unsigned int least, unsigned int most, unsigned int flags);
char *gmk_expand(const char *text);
char *strtok(char *text, const char *separators);
int snprintf(char *text, unsigned long size, const char *format, ...);
int setenv(const char *name, const char *value, int overwrite);
int sigprocmask(int how, const void *set, void *old);
int fflush(void *stream);
int execl(const char *path, const char *arg, ...);
void perror(const char *what);
void _exit(int code);

int plugin_is_GPL_compatible;

#define GIVEN "$(foreach v,$(.VARIABLES),$(if $(filter command,$(origin $v)),$v))"
enum { SET_MASK = 2, NOT_RUN = 127 };

static char *become(const char *name, unsigned int argc, char **argv)
{
  const unsigned long no_signal[16] = {0};
  char value[256], *variable;
  (void)name, (void)argc;
  /* As for a recipe: variables of make's command line are in the environment, no signal is held. */
  for (variable = strtok(gmk_expand(GIVEN), " "); variable; variable = strtok(0, " ")) {
    snprintf(value, sizeof value, "$(%s)", variable);
    setenv(variable, gmk_expand(value), 1);
  }
  sigprocmask(SET_MASK, no_signal, 0);
  fflush(0);
  execl("/bin/sh", "sh", "-c", argv[0], (char *)0);
  perror("make: /bin/sh");
  _exit(NOT_RUN);
  return 0;
}

int make_exec_gmk_setup(void)
{
  gmk_add_function("exec", become, 1, 1, 0);
  return 1;
}
