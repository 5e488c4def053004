-- en: Special members: cases of unknown customers, of customers without an industry, and of an unknown industry code
-- zh: 特殊成员：未知客户、无行业客户与未知行业代码的个案
with facts as (
  select coalesce(no_customer, industry_then, '@not_given') as industry, closed_date, customer_id from service_case)
select industry, cast(strftime('%Y', closed_date) as integer), count(*), count(distinct customer_id)
from facts where industry in ('@not_given', '@not_yet_arrived', 'XX-04')
group by 1, 2
