#include "cmdeploy/components/components.h"

const struct component *const components_private[] = {
	&component_base,
	&component_tls,
	&component_chatmaild,
	&component_postfix,
	&component_dovecot,
	&component_www,
	&component_nginx,
	&component_mtail,
	NULL,
};

const struct component *const components_server[] = {
	&component_base,
	&component_system,
	&component_unbound,
	&component_tls,
	&component_acmetool,
	&component_chatmaild,
	&component_opendkim,
	&component_postfix,
	&component_dovecot,
	&component_nginx,
	&component_www,
	&component_mtail,
	NULL,
};

const struct component *const components_web[] = {
	&component_base,
	&component_unbound,
	&component_tls,
	&component_acmetool,
	&component_nginx,
	&component_www,
	NULL,
};

const struct component *const components_website[] = {
	&component_www,
	NULL,
};
