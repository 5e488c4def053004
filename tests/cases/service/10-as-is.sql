-- en: As it is: cases by the industry that customers have now
-- zh: 按现状：按客户当前行业的个案
select coalesce(no_customer, industry_now), state, count(*), count(distinct customer_id)
from service_case group by 1, 2
